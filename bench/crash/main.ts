/**
 * Crash runs: the real collector is killed at random moments under load, again and again, and at the end every record that it
 * acknowledged must be stored once. The senders keep the truth; the files are read here, not by our own reader.
 *
 *     node bench/crash/main.ts [--rounds 200] [--seed 1]
 */
import { parseArgs } from 'node:util';

import { seededRandom } from '@gleaner/testkit';

import { crashRun } from './run.ts';
import type { CrashResult } from './run.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: `${Date.now() % 1e6}` },
  },
});
const rounds = Number(values.rounds);
const random = seededRandom(Number(values.seed));
const modes = (['written', 'durable'] as const).flatMap((acknowledge) =>
  [false, true].map((isFaulty) => ({ acknowledge, isFaulty })),
);

console.log(`${rounds} rounds, seed ${values.seed}`);
console.log('ack      store    rounds   acknowledged    missing  duplicate     broken    seconds');
let lost = 0;
for (const [index, mode] of modes.entries()) {
  const share = Math.floor(rounds / modes.length) + (index < rounds % modes.length ? 1 : 0);
  if (share === 0) continue;
  const result = await crashRun({ ...mode, rounds: share, random });
  print(mode, result);
  lost += result.missing + result.duplicate + result.broken;
}
process.exitCode = lost === 0 ? 0 : 1;

function print(mode: { acknowledge: string; isFaulty: boolean }, result: CrashResult): void {
  const { rounds: done, acknowledged, missing, duplicate, broken, seconds } = result;
  const numbers = [acknowledged, missing, duplicate, broken]
    .map((number) => String(number).padStart(11))
    .join('');
  const store = mode.isFaulty ? 'faulty' : 'sound';
  console.log(
    `${mode.acknowledge.padEnd(9)}${store.padEnd(9)}${String(done).padStart(6)}    ${numbers}${seconds.toFixed(1).padStart(11)}`,
  );
}
