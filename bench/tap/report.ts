/** All about the tap: see the tables. Needs `nginx` and `wrk`. */
import { spawnSync } from 'node:child_process';

import { exitOnSignals } from './child.ts';
import { reportStreams } from './streams-report.ts';
import { reportThroughput } from './throughput-report.ts';
import { reportTapMemory } from './memory-report.ts';

export async function reportTap({ pairs, seconds }: { pairs: number; seconds: number }): Promise<void> {
  const missing = Object.entries({ nginx: 'nginx-light', wrk: 'wrk' })
    .filter(([command]) => spawnSync(command, ['-v'], { stdio: 'ignore' }).error !== undefined)
    .map(([, name]) => name);
  if (missing.length > 0) {
    return console.log(`\nThe tap: left out. To do: apt-get install ${missing.join(' ')}`);
  }
  using _ = exitOnSignals();
  // Each process that is running has some at its exit.
  process.setMaxListeners(30);
  await reportThroughput(pairs, seconds);
  await reportStreams(pairs);
  await reportTapMemory(seconds);
}
