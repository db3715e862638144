/** The tables of {@link measureThroughput}. */
import { median } from '../ratio.ts';
import { printTable } from '../table.ts';
import { ratioOfRounds } from './rounds.ts';
import type { Ratio } from './rounds.ts';
import {
  answerBytes,
  busyConnections,
  measureBeforeNode,
  measureThroughput,
  requestBytes,
} from './throughput.ts';
import type { Compared, Sample, Samples, Way } from './throughput.ts';

export async function reportThroughput(rounds: number, seconds: number): Promise<void> {
  const { busy, alone, kept } = await measureThroughput(rounds, seconds);
  const bodies = `${requestBytes} bytes there, ${answerBytes} back, JSON`;
  console.log(
    `\nThe tap: ${bodies}; wrk -t1 -c${busyConnections}; the model server is nginx with one worker`,
  );
  printWays(busy);
  printRatios(busy);
  console.log(`\nThe same; the model server is a program of node`);
  const beforeNode = await measureBeforeNode(rounds, seconds);
  printWays(beforeNode);
  printRatios(beforeNode);
  console.log(`\nBefore nginx again, with one connection: what a request waits for when nobody else asks`);
  printWays(alone);
  console.log('\nWhat was captured of the responses that the tap saw');
  printTable(
    ['', 'seen', 'accepted', 'stored', 'dropped'],
    Object.entries(kept).map(([way, { seen, accepted, stored, dropped }]) => [
      way,
      seen,
      accepted,
      stored,
      Object.entries(dropped)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', '),
    ]),
  );
}

function printWays(samples: Samples<Compared>): void {
  printTable(
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'of nginx, 1 worker', 'of rounds', 'CPU µs/request', 'errors'],
    Object.entries(samples).map(([way, own]) => {
      const { median: ratio, spread } = ratioOfRounds(rates(own), rates(samples['nginx, 1 worker']));
      return [
        way,
        Math.round(median(rates(own))),
        median(own.map(({ p50Ms }) => p50Ms)).toFixed(3),
        median(own.map(({ p99Ms }) => p99Ms)).toFixed(2),
        ratio.toFixed(2),
        spreadText(spread),
        way === 'direct' ? '' : median(own.map(({ cpuUsPerRequest = 0 }) => cpuUsPerRequest)).toFixed(1),
        own.reduce((sum, { errors }) => sum + errors, 0),
      ];
    }),
  );
}

/** The rows whose ways were measured. */
function printRatios(samples: Samples<Compared> & Partial<Samples>): void {
  const rate = (ours: Way, reference: Way) =>
    ratioOf(samples[ours]?.map(rateOf), samples[reference]?.map(rateOf));
  const added = (way: Way) =>
    samples[way]?.map(({ p50Ms }, round) => p50Ms - (samples.direct[round]?.p50Ms ?? Number.NaN));
  const addedP50 = (nginx: Way) => ratioOf(added('tap with capture'), added(nginx));
  const rows: [string, Ratio | undefined, string][] = [
    ['with capture / nginx, 1 worker', rate('tap with capture', 'nginx, 1 worker'), '0.9'],
    ['with capture / nginx, a worker per core', rate('tap with capture', 'nginx, a worker per core'), '0.9'],
    ['with capture / without', rate('tap with capture', 'tap without capture'), '0.95'],
    ['added p50 / that of nginx, 1 worker', addedP50('nginx, 1 worker'), '≤ 1'],
    ['added p50 / that of nginx, a worker per core', addedP50('nginx, a worker per core'), '≤ 1'],
    ['store dead / with capture', rate('tap, store dead', 'tap with capture'), ''],
    ['spool full / with capture', rate('tap, spool full', 'tap with capture'), ''],
  ];
  printTable(
    ['', 'ratio', 'of rounds', 'target'],
    rows.flatMap(([name, ratio, target]) =>
      ratio === undefined ? [] : [[name, ratio.median.toFixed(2), spreadText(ratio.spread), target]],
    ),
  );
}

function ratioOf(ours: number[] | undefined, reference: number[] | undefined): Ratio | undefined {
  return ours && reference && ratioOfRounds(ours, reference);
}

const rateOf = (sample: Sample): number => sample.requestsPerSecond;

const rates = (samples: readonly Sample[]): number[] => samples.map(rateOf);

function spreadText([least, most]: readonly [number, number]): string {
  return `${least.toFixed(2)}–${most.toFixed(2)}`;
}
