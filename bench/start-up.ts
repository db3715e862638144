import { setTimeout as sleep } from 'node:timers/promises';

import { runCollector } from './collector-folder.ts';
import { median } from './ratio.ts';

/** Seconds from the command line to a listening collector; the first of the starts, which fills caches, does not count. */
export async function measureStartUp(starts: number): Promise<{ median: number; slowest: number }> {
  const times: number[] = [];
  for (let start = 0; start <= starts; start++) {
    const before = performance.now();
    await using collector = await runCollector({ acknowledge: 'written' });
    times.push((performance.now() - before) / 1000);
    // What a process does at its end should not fall into the next one's beginning.
    await sleep(100);
    void collector.port;
  }
  const counted = times.slice(1);
  return { median: median(counted), slowest: Math.max(...counted) };
}
