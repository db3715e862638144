/**
 * Crash runs: `node bench/crash/main.ts [--rounds 200] [--seed N] [--ack written|durable|both] [--keep]`. Collectors are killed
 * (`kill -9`) at random moments under load and started again; at the end the files are counted. Exit code 1 when anything that
 * was acknowledged is missing, or anything is there twice or broken.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Failure, runInterruptibly } from '../../scripts/interruption.ts';
import { printTable } from '../table.ts';
import { runLane } from './lane.ts';
import type { LanePlan, LaneResult } from './lane.ts';

/** Lives at a time: with more, a small machine is busy with starting them. */
const parallelLanes = 2;
const shownProblems = 10;

await runInterruptibly(async (signal) => {
  const { rounds, seed, acknowledges, keep } = readArguments();
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-crash-'));
  const modes = acknowledges.flatMap((acknowledge) => [
    { acknowledge, faulty: false },
    { acknowledge, faulty: true },
  ]);
  const plans = modes.map((mode, index): LanePlan => {
    const share = Math.floor(rounds / modes.length) + (index < rounds % modes.length ? 1 : 0);
    return { ...mode, rounds: share, seed: seed + index, folder: join(folder, `${index}`), signal };
  });
  console.log(`crash runs: ${rounds} rounds, seed ${seed}`);
  let passed = false;
  try {
    const results = await runLanes(plans);
    passed = results.every((result) => result.problems.length === 0);
    report(results);
  } finally {
    if (passed || !keep) await rm(folder, { recursive: true, force: true });
    else console.log(`kept: ${folder}`);
  }
  signal.throwIfAborted();
  return passed ? 0 : 1;
});

function readArguments(): {
  rounds: number;
  seed: number;
  acknowledges: LanePlan['acknowledge'][];
  keep: boolean;
} {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      ack: { type: 'string', default: 'both' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed))
    throw new Failure('--rounds and --seed are whole numbers');
  const { ack, keep } = values;
  if (ack === 'both') return { rounds, seed, acknowledges: ['written', 'durable'], keep };
  if (ack !== 'written' && ack !== 'durable') throw new Failure('--ack is written, durable or both');
  return { rounds, seed, acknowledges: [ack], keep };
}

async function runLanes(plans: readonly LanePlan[]): Promise<LaneResult[]> {
  const results: LaneResult[] = [];
  const waiting = [...plans.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, plan] = next;
      results[index] = await runLane(plan);
    }
  };
  await Promise.all(Array.from({ length: parallelLanes }, work));
  return results;
}

function report(results: readonly LaneResult[]): void {
  const head = [
    'ack',
    'store',
    'rounds',
    'kills',
    'acknowledged',
    'retried',
    'stored',
    'missing',
    'duplicate',
    'problems',
    'seconds',
  ];
  const rows = results.map((result) => [
    result.plan.acknowledge,
    result.plan.faulty ? 'faulty' : 'sound',
    result.plan.rounds,
    result.kills,
    result.acknowledged,
    result.retried,
    result.stored,
    result.missing,
    result.duplicate,
    result.problems.length,
    result.seconds.toFixed(1),
  ]);
  printTable(head, rows);
  for (const { plan, problems } of results) {
    for (const problem of problems.slice(0, shownProblems)) console.log(`${plan.folder}: ${problem}`);
    if (problems.length > shownProblems) console.log(`… and ${problems.length - shownProblems} more`);
  }
}
