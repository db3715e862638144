/** Collected data as tables. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { cacheFailure } from '../cache/errors.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { InsightError } from '../errors.ts';
import type { OnFinding } from '../findings.ts';
import { labelTable } from '../labels/label-file.ts';
import { nameOf, windowFolderOf } from '../layout.ts';
import { collectionFiles, timeWindow } from '../time-window.ts';
import type { TimeWindow } from '../time-window.ts';
import { openEngine, sqlName, sqlText } from './duckdb.ts';
import type { Engine } from './duckdb.ts';
import { resultRows } from './result-rows.ts';
import { coveringRowFiles, fitsAmong } from './row-files.ts';
import { tableFiles } from './table-files.ts';
import type { TableFile, TableFilesContext } from './table-files.ts';
import { tableNames } from './table-names.ts';
import { collectionView, joinedView } from './views.ts';
import type { View } from './views.ts';

/** A collection, or a part of it, that is to be a table. */
export interface TableSource {
  datastore: Datastore;
  /** Path in the store. */
  collection: string;
  /** Path that the table gets its name of, where the store begins within it. Default: `collection`. */
  address?: string;
  window?: TimeWindow;
  /** These files of it alone. */
  objects?: readonly StoredObject[];
  onFinding?: OnFinding;
}

export interface TablesOptions {
  cache: ObjectCache;
  /** For queries, such as `700MB`; what does not fit into it goes to the disk of the cache where that is possible. */
  memory?: string;
  /** A file of labels (CSV, JSON lines, Parquet), which becomes the table `labels`; its `row_id` is text. */
  labels?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Told of every file that is at hand. */
  onFile?: (file: { path: string; byteLength: number }) => void;
}

export interface Table extends View {
  /** Absent where two are joined. */
  source?: { collection: string; files: number; lines: number };
}

export const exportFormats = ['parquet', 'csv', 'jsonl'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Tables extends AsyncDisposable {
  readonly tables: readonly Table[];
  /**
   * The rows of one SELECT as JSON objects. It sees the tables, and can neither write nor reach anything else.
   * Errors: `query_invalid`, `query_memory_exceeded`, `query_cancelled`, `query_failed`.
   */
  query(sql: string): AsyncIterable<string>;
  /** Writes a table to a file of this machine, which is replaced; not after the first query. */
  write(table: Table, file: { path: string; format: ExportFormat }): Promise<void>;
}

export const defaultMemory = '700MB';

/**
 * One table a collection, called after it, and where a deployment has inputs and outputs one that joins them by row id, `joined`.
 * Types are those of all lines that were collected: nothing is sampled. Errors: `no_data` when no source holds a byte;
 * `cache_failed`; `labels_unreadable`; those of the stores and of queries.
 */
export async function openTables(
  sources: readonly TableSource[],
  { cache, memory = defaultMemory, labels, signal, onFile = () => {} }: TablesOptions,
): Promise<Tables> {
  const spillFolder = join(cache.folder, `.spill-${randomUUID()}`);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(spillFolder, { recursive: true, force: true }));
  const engine = stack.use(await openEngine({ memory, spillFolder, signal }));
  const names = tableNames(sources.map(({ collection, address = collection }) => address));
  const tables: Table[] = [];
  const paths: string[] = [];
  for (const [index, source] of sources.entries()) {
    const { datastore, onFinding = () => {} } = source;
    const found = await objectsOf(source);
    const context = { datastore, cache, engine, onFinding, onFile, signal };
    const files = await filesOf(found, context).catch((error: unknown) => {
      throw cacheFailure(cache.folder, error);
    });
    paths.push(...files.map((file) => file.path));
    tables.push(tableOf(names.collections[index] ?? source.collection, source.collection, files));
  }
  if (paths.length === 0) throw noData();
  for (const { name, inputs, outputs } of names.joins) {
    const [left, right] = [tables[inputs], tables[outputs]];
    if (left !== undefined && right !== undefined) tables.push(joinedView(name, left, right));
  }
  for (const { sql } of tables) await engine.run(sql);
  if (labels !== undefined) {
    await engine.run(await labelsView(engine, labels, tables));
    paths.push(labels);
  }
  return session({ engine, tables, paths, memory, stack: stack.move() });
}

/** It is called `labels_2` beside a collection of that name, and so on. */
async function labelsView(engine: Engine, path: string, tables: readonly Table[]): Promise<string> {
  const taken = new Set(tables.map(({ name }) => name.toLowerCase()));
  let name = 'labels';
  for (let number = 2; taken.has(name); number++) name = `labels_${number}`;
  const { sql } = await labelTable(engine, path, 'row_id');
  return `create view ${sqlName(name)} as select * from ${sql}`;
}

interface Found {
  objects: readonly StoredObject[];
  /** Parquet files beside them. */
  rowObjects: readonly StoredObject[];
}

async function objectsOf(source: TableSource): Promise<Found> {
  const { datastore, collection, window = timeWindow(), objects, onFinding = () => {} } = source;
  if (objects !== undefined) return { objects, rowObjects: [] };
  const rowObjects = new Map<string, StoredObject>();
  const onRowFile = (object: StoredObject) => void rowObjects.set(object.path, object);
  const found = await Array.fromAsync(
    collectionFiles(datastore, collection, { window, onFinding, onRowFile }),
  );
  return { objects: found, rowObjects: [...rowObjects.values()] };
}

/** Row files where they hold what lies in their window and fit to the rest; the lines of everything else. */
async function filesOf(found: Found, context: TableFilesContext): Promise<TableFile[]> {
  const covering = await coveringRowFiles(found, context);
  const covered = new Set(covering.flatMap(({ objects }) => objects));
  const files = await tableFiles(
    found.objects.filter((object) => !covered.has(object)),
    context,
  );
  const profiles = [...files, ...covering.map(({ facts }) => facts)].map(({ profile }) => profile);
  const unfit = covering.filter(({ facts }) => !fitsAmong(facts.profile, profiles));
  files.push(
    ...(await tableFiles(
      unfit.flatMap(({ objects }) => objects),
      context,
    )),
  );
  for (const one of covering) {
    const { path, objects, facts } = one;
    const object = objects[0]?.path ?? path;
    if (!unfit.includes(one)) files.push({ path, form: 'parquet', object, profile: facts.profile });
  }
  return files.sort((a, b) => (a.object < b.object ? -1 : 1));
}

function tableOf(name: string, collection: string, files: readonly TableFile[]): Table {
  const lines = files.reduce((sum, { profile }) => sum + profile.lines, 0);
  const holding = files.filter(({ profile }) => profile.lines > 0);
  return { ...collectionView(name, holding), source: { collection, files: files.length, lines } };
}

interface Parts {
  engine: Engine;
  tables: readonly Table[];
  paths: readonly string[];
  memory: string;
  stack: AsyncDisposableStack;
}

function session({ engine, tables, paths, memory, stack }: Parts): Tables {
  let locked: Promise<void> | undefined;
  return {
    tables,
    async *query(sql) {
      locked ??= engine.lock(paths);
      await locked;
      yield* resultRows(await engine.stream(sql), memory);
    },
    async write({ name }, { path, format }) {
      await engine.run(`copy ${sqlName(name)} to ${sqlText(path)} (${copyOptions[format]})`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const copyOptions: Record<ExportFormat, string> = {
  parquet: 'format parquet, compression zstd',
  csv: 'format csv, header true',
  jsonl: 'format json',
};

function noData(): InsightError {
  return new InsightError('no_data', 'No data found for the given time window.', {
    fix: 'Look with "gleaner data ls" which collections and hours there are: <collection>/yyyy/MM/dd/HH/<name>.jsonl.',
  });
}

/** The collection of a single file, as a source. */
export function fileSource(datastore: Datastore, object: StoredObject): TableSource {
  const collection = windowFolderOf(object.path)?.collection ?? nameOf(object.path).replace(/\.jsonl$/, '');
  return { datastore, collection, objects: [object] };
}
