/** The table of {@link measureStreams}. */
import { median } from '../ratio.ts';
import { printTable } from '../table.ts';
import type { ClientsResult } from './stream-clients.ts';
import { measureStreams, streamLoad } from './streams.ts';

export async function reportStreams(rounds: number): Promise<void> {
  const { streams, events, gapMs } = streamLoad;
  console.log(`\nStreams: ${streams} at a time, ${events} events each, one every ${gapMs} ms`);
  const { samples, kept } = await measureStreams(rounds);
  printTable(
    ['', 'first byte ms', 'p99', 'event delay ms', 'p99', 'most', 'late', 'joined', 'missing', 'broken'],
    Object.entries(samples).map(([way, own]) => [way, ...cells(own)]),
  );
  console.log(`late: by more than a gap. Kept of the answers: ${statusText(kept)}`);
}

function cells(samples: readonly ClientsResult[]): (string | number)[] {
  const { streams, events, gapMs } = streamLoad;
  const inEach = (figure: (sample: ClientsResult) => number): string =>
    median(samples.map(figure)).toFixed(2);
  const sum = (figure: (sample: ClientsResult) => number): number =>
    samples.reduce((total, sample) => total + figure(sample), 0);
  return [
    inEach(({ firstByteMs }) => median(firstByteMs)),
    inEach(({ firstByteMs }) => quantile(firstByteMs, 0.99)),
    inEach(({ delaysMs }) => median(delaysMs)),
    inEach(({ delaysMs }) => quantile(delaysMs, 0.99)),
    inEach(({ delaysMs }) => quantile(delaysMs, 1)),
    sum(({ delaysMs }) => delaysMs.filter((delayMs) => delayMs > gapMs).length),
    sum(({ joined }) => joined),
    sum(({ delaysMs }) => streams * events - delaysMs.length),
    sum(({ broken }) => broken),
  ];
}

export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export function statusText(statuses: Record<string, number>): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}
