/** The Parquet file of a window's rows, beside its lines: a copy that is read faster, and never read instead of other lines. */
import type { Datastore, StoredObject } from '@gleaner/datastore';
import type { ObjectCache } from '../cache/object-cache.ts';
import { nameOf } from '../layout.ts';
import { columnType, mergeColumns } from './column-types.ts';
import type { Column } from './column-types.ts';
import { sqlText } from './duckdb.ts';
import type { Engine } from './duckdb.ts';
import { viewNames } from './profile.ts';
import type { FileProfile } from './profile.ts';

/** What the file was made of, kept in its own metadata. */
export interface RowFileFacts {
  version: typeof rowFileVersion;
  /** The data files of the window, by name; none of them may have changed since. */
  files: { name: string; bytes: number }[];
  profile: FileProfile;
}

export const rowFileVersion = 1;
export const rowFileKey = 'gleaner';

/** A row file that holds the rows of these objects, and of no others. */
export interface RowFile {
  /** Of this machine. */
  path: string;
  objects: readonly StoredObject[];
  facts: RowFileFacts;
}

export interface RowFilesContext {
  datastore: Datastore;
  cache: ObjectCache;
  engine: Engine;
  signal?: AbortSignal | undefined;
}

/** Those of the row files that hold just what lies in their windows now. */
export async function coveringRowFiles(
  { objects, rowObjects }: { objects: readonly StoredObject[]; rowObjects: readonly StoredObject[] },
  context: RowFilesContext,
): Promise<RowFile[]> {
  const { datastore, cache, engine, signal } = context;
  const windows = Map.groupBy(objects, ({ path }) => folderOf(path));
  const found: RowFile[] = [];
  for (const object of rowObjects) {
    const inWindow = windows.get(folderOf(object.path));
    if (inWindow === undefined) continue;
    const { path } = await cache.fetch(datastore, object, { signal });
    const facts = await readFacts(engine, path);
    if (facts !== undefined && covers(facts, inWindow)) found.push({ path, objects: inWindow, facts });
  }
  return found;
}

export function covers({ files }: RowFileFacts, objects: readonly StoredObject[]): boolean {
  const lengths = new Map(files.map(({ name, bytes }) => [name, bytes]));
  return (
    lengths.size === objects.length &&
    objects.every(({ path, byteLength }) => lengths.get(nameOf(path)) === byteLength)
  );
}

/** A file that is none of ours, or was cut, is as good as none. */
async function readFacts(engine: Engine, path: string): Promise<RowFileFacts | undefined> {
  try {
    const [row] = await engine.select(
      `select decode(value) as facts from parquet_kv_metadata(${sqlText(path)}) where decode(key) = ${sqlText(rowFileKey)}`,
    );
    const text = row?.['facts'];
    const facts = typeof text === 'string' ? (JSON.parse(text) as RowFileFacts) : undefined;
    return facts?.version === rowFileVersion ? facts : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isUnreadable(error)) return undefined;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^query_(failed|invalid)$/.test(String(error.code));
}

/** Whether its columns are called, and of the type, that they have among all files of the collection. */
export function fitsAmong(profile: FileProfile, all: readonly FileProfile[]): boolean {
  if (all.some(({ plainTimes }) => plainTimes !== profile.plainTimes)) return false;
  const merged = namedColumns(mergeColumns(all.map(({ columns }) => columns)));
  const own = namedColumns(mergeColumns([profile.columns]));
  return Array.from(own).every(([name, { type, called }]) => {
    const among = merged.get(name);
    return among?.type === type && among.called === called;
  });
}

function namedColumns(columns: readonly Column[]): Map<string, { type: string; called: string }> {
  const names = viewNames(columns.map(({ name }) => name));
  return new Map(columns.map(({ name, type }, index) => [name, { type, called: names[index] ?? name }]));
}

/** Parquet has no whole numbers of over 64 bits: such rows stay lines. */
export function fitsParquet({ columns }: FileProfile): boolean {
  return columns.every(({ kinds }) => columnType(new Set(kinds)) !== 'HUGEINT');
}

function folderOf(path: string): string {
  return path.slice(0, -nameOf(path).length);
}
