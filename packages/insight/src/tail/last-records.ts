import type { Datastore, StoredObject } from '@gleaner/datastore';
import { recordOf } from '../records.ts';
import type { OnFinding } from '../findings.ts';
import { isDataFile, windowFolderOf } from '../layout.ts';
import { readLines } from '../lines.ts';
import type { TailRecord } from './tail-record.ts';

/** What lies in a place now: the data files below a prefix, or the one file that it is. */
export async function tailFiles(
  datastore: Pick<Datastore, 'list'>,
  { prefix, isFile }: { prefix: string; isFile: boolean },
): Promise<StoredObject[]> {
  const files: StoredObject[] = [];
  for await (const object of datastore.list(prefix)) {
    if (isFile ? object.path === prefix : isDataFile(object.path)) files.push(object);
  }
  return files;
}

/**
 * The last records of the files by their time, the latest last. The latest windows are looked at, and of their files the ends.
 * What is no record is reported without a line number, which only who reads the whole file knows.
 */
export async function lastRecords(
  datastore: Pick<Datastore, 'read'>,
  files: readonly StoredObject[],
  { limit, onFinding = () => {} }: { limit: number; onFinding?: OnFinding },
): Promise<TailRecord[]> {
  if (limit === 0) return [];
  const found: TailRecord[] = [];
  for (const [, window] of windowsFromTheLast(files)) {
    if (found.length >= limit) break;
    for (const parts of partsOf(window)) {
      let left = limit;
      for (const file of parts.toReversed()) {
        const records = await endOf(datastore, file, { limit: left, onFinding });
        found.push(...records);
        left -= records.length;
        if (left <= 0) break;
      }
    }
  }
  return found.sort((a, b) => compare(a.record.time ?? '', b.record.time ?? '')).slice(-limit);
}

/** Files by the start of their window, the latest first. */
function windowsFromTheLast(files: readonly StoredObject[]): [number, StoredObject[]][] {
  const windows = Map.groupBy(files, ({ path }) => windowFolderOf(path)?.start ?? 0);
  return [...windows].sort(([a], [b]) => b - a);
}

/** Files that one instance wrote one after the other, in that order. */
function partsOf(files: readonly StoredObject[]): StoredObject[][] {
  const parts = Map.groupBy(files, ({ path }) => path.replace(/(-\d+)?\.jsonl$/, ''));
  return [...parts.values()].map((group) => group.sort((a, b) => partNumber(a.path) - partNumber(b.path)));
}

function partNumber(path: string): number {
  return Number(/-(\d+)\.jsonl$/.exec(path)?.[1] ?? 0);
}

const firstReadBytes = 64 * 1024;

/** Reads backwards in steps that double. */
async function endOf(
  datastore: Pick<Datastore, 'read'>,
  { path, byteLength }: StoredObject,
  { limit, onFinding }: { limit: number; onFinding: OnFinding },
): Promise<TailRecord[]> {
  for (let length = firstReadBytes; ; length *= 2) {
    const start = Math.max(0, byteLength - length);
    const records: TailRecord[] = [];
    const problems: Parameters<OnFinding>[0][] = [];
    const part = { read: () => datastore.read(path, { start, end: byteLength }) };
    let isFirst = start > 0;
    for await (const line of readLines(part, path)) {
      // The end of a line whose beginning was not read.
      if (isFirst) {
        isFirst = false;
        continue;
      }
      const { record, problem } = recordOf(line, path);
      if (problem !== undefined) problems.push(problem);
      if (record !== undefined) records.push({ file: path, bytes: line.bytes, record });
    }
    if (start > 0 && records.length < limit) continue;
    for (const { line: _, ...problem } of problems) onFinding(problem);
    return records.slice(-limit);
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
