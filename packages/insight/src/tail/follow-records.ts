import { setTimeout as sleep } from 'node:timers/promises';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { GleanerError } from '@gleaner/protocol';
import type { OnFinding } from '../findings.ts';
import { recordOf } from '../records.ts';
import { readLines } from '../lines.ts';
import { tailFiles } from './last-records.ts';
import type { TailRecord } from './tail-record.ts';

export interface FollowOptions {
  /** What was there at the beginning, and is not given. */
  seen: readonly StoredObject[];
  signal: AbortSignal;
  /** Between two looks at the store; longer where a look itself takes long. Default 500. */
  intervalMs?: number;
  onFinding?: OnFinding;
  /** The store could not be asked, and it may pass: told once until it answers again. */
  onTrouble?: (error: GleanerError) => void;
}

/**
 * Records as they are stored, in each file in the order of its lines; files that come later are read from their beginning. A
 * line is given once its line feed is there. Ends when the signal is aborted. Errors: those of the store that do not pass.
 */
export async function* followRecords(
  datastore: Pick<Datastore, 'list' | 'read'>,
  place: { prefix: string; isFile: boolean },
  options: FollowOptions,
): AsyncGenerator<TailRecord> {
  const { seen, signal, intervalMs = 500, onFinding = () => {}, onTrouble = () => {} } = options;
  const known = new Map<string, Known>(seen.map(({ path, byteLength }) => [path, { byteLength }]));
  let troubled = false;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      for (const file of await tailFiles(datastore, place)) {
        const before = known.get(file.path) ?? { byteLength: 0, linesEnd: 0 };
        known.set(file.path, { ...before, byteLength: file.byteLength });
        // A file that was replaced by a shorter one holds nothing new.
        if (file.byteLength < before.byteLength) known.set(file.path, { byteLength: file.byteLength });
        if (file.byteLength <= before.byteLength) continue;
        const start = before.linesEnd ?? (await endOfLines(datastore, file.path, before.byteLength));
        const onLine = (linesEnd: number) => known.set(file.path, { byteLength: file.byteLength, linesEnd });
        onLine(start);
        yield* newRecords(datastore, { file, start, onLine, onFinding });
      }
      troubled = false;
    } catch (error) {
      if (!(error instanceof GleanerError) || !error.retryable) throw error;
      if (!troubled) onTrouble(error);
      troubled = true;
    }
    await pause(Math.max(intervalMs, listingShare * (performance.now() - began)), signal);
  }
}

/** Looking takes no more than a tenth of the time. */
const listingShare = 9;

interface Known {
  byteLength: number;
  /** Where the last whole line ends; looked for when the file grows. */
  linesEnd?: number;
}

interface Growth {
  file: StoredObject;
  start: number;
  onLine: (linesEnd: number) => void;
  onFinding: OnFinding;
}

async function* newRecords(
  datastore: Pick<Datastore, 'read'>,
  { file: { path, byteLength }, start, onLine, onFinding }: Growth,
): AsyncGenerator<TailRecord> {
  const part = { read: () => datastore.read(path, { start, end: byteLength }) };
  for await (const line of readLines(part, path)) {
    if (line.bytes.length > 0 && line.bytes.at(-1) !== LINE_FEED) return;
    onLine(start + line.end);
    const { record, problem } = recordOf(line, path);
    if (problem !== undefined) {
      const { line: _, ...found } = problem;
      onFinding(found);
    }
    if (record !== undefined) yield { file: path, bytes: line.bytes, record };
  }
}

const maxLastLineBytes = 1024 * 1024;

/** Where the last whole line of the first `byteLength` bytes ends, looked for in their last MiB. */
async function endOfLines(
  datastore: Pick<Datastore, 'read'>,
  path: string,
  byteLength: number,
): Promise<number> {
  const start = Math.max(0, byteLength - maxLastLineBytes);
  const bytes = Buffer.concat(await Array.fromAsync(datastore.read(path, { start, end: byteLength })));
  const feed = bytes.lastIndexOf(LINE_FEED);
  if (feed < 0) return start === 0 ? 0 : byteLength;
  return start + feed + 1;
}

const LINE_FEED = 10;

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
