/**
 * What Gleaner costs: ratios against a bare acknowledge-only server, measured in turn in one run, and the few absolute figures
 * that users meet.
 *
 *     npm run bench [-- --quick] [--only intake,memory,start-up,sdk,python,tap,gateway]
 */
import { parseArgs } from 'node:util';

import { reportGateway } from './gateway/report.ts';
import { intakeCases, measureIntake } from './intake.ts';
import { measureMemory } from './memory.ts';
import { drainedEvents, measureDrain, measureSteady, pythonWithSdk, steadyRate } from './python-sdk.ts';
import type { Comparison } from './ratio.ts';
import { measureCollectCall } from './sdk.ts';
import { measureStartUp } from './start-up.ts';
import { printTable } from './table.ts';
import { reportTap } from './tap/report.ts';

const sections: Record<string, (plan: Plan) => Promise<void>> = {
  intake,
  python,
  memory,
  'start-up': startUp,
  sdk,
  tap: reportTap,
  gateway: reportGateway,
};

interface Plan {
  pairs: number;
  seconds: number;
  steadySeconds: number;
}

const comparisonHead = ['reference', 'gleaner', 'ratio', 'of pairs'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(sections).join(',') },
  },
});
const plan: Plan = values.quick
  ? { pairs: 3, seconds: 1, steadySeconds: 5 }
  : { pairs: 9, seconds: 2, steadySeconds: 60 };
for (const name of values.only.split(',')) {
  const section = sections[name];
  if (section === undefined) throw new Error(`--only knows ${Object.keys(sections).join(', ')}`);
  await section(plan);
}

async function intake({ pairs, seconds }: Plan): Promise<void> {
  console.log('\nIntake, requests per second: node:http that acknowledges and forgets, and the collector');
  const rows: (string | number)[][] = [];
  for (const acknowledge of ['written', 'durable'] as const) {
    for (const one of intakeCases[acknowledge]) {
      const result = await measureIntake(acknowledge, one, { seconds, pairs });
      rows.push([acknowledge, one.name, ...comparisonCells(result), one.target?.toFixed(1) ?? '']);
    }
  }
  printTable(['ack', 'bodies', ...comparisonHead, 'target'], rows);
}

async function python({ pairs, steadySeconds }: Plan): Promise<void> {
  console.log(`\nThe Python SDK draining ${drainedEvents} events, events per second`);
  const environment = await pythonWithSdk();
  if ('unavailable' in environment) return console.log(`left out: ${environment.unavailable}`);
  const rows: (string | number)[][] = [];
  for (const acknowledge of ['written', 'durable'] as const) {
    const result = await measureDrain(environment.python, { acknowledge, pairs });
    rows.push([acknowledge, ...comparisonCells(result), acknowledge === 'written' ? '0.95' : '']);
  }
  printTable(['ack', ...comparisonHead, 'target'], rows);
  const { events, errors, stored } = await measureSteady(environment.python, steadySeconds);
  console.log(
    `${steadyRate} events/s for ${steadySeconds} s (durable): ${events} sent · ${errors} refused · ${stored} stored`,
  );
}

async function memory({ seconds }: Plan): Promise<void> {
  console.log('\nMemory: 64 kB bodies, 16 connections, a store that takes nothing, until the spool is full');
  const { atStart, highest, accepted, refused } = await measureMemory(4 * seconds);
  printTable(
    ['at start', 'highest', 'target', 'accepted', 'refused'],
    [[`${atStart.toFixed(0)} MiB`, `${highest.toFixed(0)} MiB`, '150 MiB', accepted, refused]],
  );
}

async function startUp({ pairs }: Plan): Promise<void> {
  console.log('\nFrom the command to a listening collector');
  const { median, slowest } = await measureStartUp(pairs);
  printTable(
    ['median', 'slowest', 'target'],
    [[`${median.toFixed(2)} s`, `${slowest.toFixed(2)} s`, '0.5 s']],
  );
}

async function sdk(): Promise<void> {
  console.log('\nThe TypeScript SDK: what collect() of 10 rows × 20 columns costs its caller');
  const { microseconds } = await measureCollectCall();
  printTable(['median', 'target'], [[`${microseconds.toFixed(1)} µs`, '50 µs']]);
}

function comparisonCells({ reference, ours, ratio, spread }: Comparison): (string | number)[] {
  const [least, most] = spread;
  return [
    Math.round(reference),
    Math.round(ours),
    ratio.toFixed(2),
    `${least.toFixed(2)}–${most.toFixed(2)}`,
  ];
}
