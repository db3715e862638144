/** The tables of memory. */
import { median } from '../ratio.ts';
import { printTable } from '../table.ts';
import type { Memory } from './memory.ts';
import { largeBodies, manyStreams, measureBodyMemory, measureStreamMemory } from './memory.ts';
import { quantile, statusText } from './streams-report.ts';

export async function reportTapMemory(seconds: number): Promise<void> {
  const { streams, events, gapMs, eventBytes } = manyStreams;
  console.log(
    `\nMemory: ${streams} streams at a time, ${events} events each, ${eventBytes} bytes every ${gapMs} ms`,
  );
  const { clients, kept, ...ofStreams } = await measureStreamMemory();
  const { delaysMs, firstByteMs, broken } = clients;
  printTable(
    ['at start', 'highest', 'first byte p50 ms', 'event delay p50 ms', 'p99', 'missing', 'broken', 'kept'],
    [
      [
        ...memoryCells(ofStreams),
        median(firstByteMs).toFixed(1),
        median(delaysMs).toFixed(1),
        quantile(delaysMs, 0.99).toFixed(1),
        streams * events - delaysMs.length,
        broken,
        statusText(kept),
      ],
    ],
  );
  const { connections, bytes } = largeBodies;
  console.log(`\nMemory: ${bytes} bytes there, ${connections} connections, a store that takes nothing`);
  const { load, counts, ...ofBodies } = await measureBodyMemory(4 * seconds);
  printTable(
    ['at start', 'highest', 'target', 'requests/s', 'errors', 'kept', 'dropped'],
    [
      [
        ...memoryCells(ofBodies),
        '150 MiB',
        Math.round(load.requestsPerSecond),
        load.errors,
        counts.accepted,
        JSON.stringify(counts.dropped),
      ],
    ],
  );
}

function memoryCells({ atStart, highest }: Memory): string[] {
  return [`${atStart.toFixed(0)} MiB`, `${highest.toFixed(0)} MiB`];
}
