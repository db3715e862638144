/** The collections of one or more places, brought here and made tables. */
import { resolve } from 'node:path';
import {
  createObjectCache,
  defaultCacheFolder,
  isDataFile,
  listWindows,
  openTables,
  timeWindow,
  windowFolderOf,
} from '@gleaner/insight';
import type { Finding, ObjectCache, Table, Tables, TableSource } from '@gleaner/insight';
import type { StoredObject } from '@gleaner/datastore';
import { bytesText } from '../../output/cells.ts';
import { usageError } from '../../output/failure.ts';
import { openFindings } from '../../output/findings.ts';
import { openProgress } from '../../output/progress.ts';
import { labelFile } from './label-place.ts';
import { openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import type { CacheOptions, QueryOptions } from './queries.ts';

export interface OpenedTables extends AsyncDisposable {
  tables: Tables;
}

/** What could not be read is told when this is disposed of. Errors: `usage_invalid`, and those of `openTables`. */
export async function openPlaces(
  places: readonly string[],
  options: QueryOptions,
  signal: AbortSignal,
): Promise<OpenedTables> {
  await using stack = new AsyncDisposableStack();
  const cache = stack.use(openCache(options));
  const { onFinding } = stack.use(openFindings());
  const sources: TableSource[] = [];
  const findings: Finding[][] = [];
  const labels = options.labels === undefined ? undefined : await labelFile(options.labels);
  const named = options.labels === undefined || labels !== undefined ? places : [...places, options.labels];
  for (const place of named) {
    const data = stack.use(await openData(place, options));
    for (const source of await sourcesOf(data, options)) {
      const own: Finding[] = [];
      findings.push(own);
      sources.push({
        ...source,
        onFinding: (found) => void own.push({ ...found, file: data.show(found.file) }),
      });
    }
  }
  if (sources.length === 0) throw nothingBelow(places.join(', '));
  const { memory } = options;
  const tables = stack.use(
    await withProgress((onFile) =>
      openTables(sources, { cache, labels, signal, onFile, ...(memory !== undefined && { memory }) }),
    ),
  );
  // That a request is no row is no news where there are no rows at all.
  const isNews = ({ code }: Finding, index: number) =>
    code !== 'data_not_rows' || hasRows(tables.tables[index]);
  for (const [index, own] of findings.entries())
    for (const found of own) if (isNews(found, index)) onFinding(found);
  const all = stack.move();
  return { tables, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const ownColumns = 3;

/** Columns beside the ids and the time. */
export function hasRows(table: Table | undefined): boolean {
  return table !== undefined && table.columns.length > ownColumns;
}

export function openCache({ cache }: CacheOptions): ObjectCache {
  return createObjectCache({ folder: cache ?? defaultCacheFolder(process.env) });
}

export function nothingBelow(place: string): Error {
  return usageError(`No collected data lie below ${place}.`, 'Look with "gleaner data ls" what there is.');
}

/** Tells on a terminal which files are there. */
export async function withProgress<T>(
  work: (onFile: (file: StoredObject) => void) => Promise<T>,
): Promise<T> {
  using progress = openProgress();
  let files = 0;
  let bytes = 0;
  return work(({ byteLength }) => {
    bytes += byteLength;
    progress.show(`${++files} files, ${bytesText(bytes)}`);
  });
}

/** Every collection at, around or below the place; of a folder within one its hours, of a file the file. */
export async function sourcesOf(data: OpenedData, options: CacheOptions): Promise<TableSource[]> {
  const { datastore, prefix, isFile, show } = data;
  const inside = windowFolderOf(prefix) ?? timeWindow();
  const window = options.from === undefined && options.to === undefined ? inside : timeWindow(options);
  const found = new Map<string, StoredObject[]>();
  for await (const { collection, objects } of listWindows(datastore, prefix)) {
    const files = objects.filter(({ path }) => isDataFile(path) && (!isFile || path === prefix));
    if (files.length > 0) found.set(collection, isFile ? files : []);
  }
  return Array.from(found, ([collection, objects]) => ({
    datastore,
    collection,
    address: addressOf(show(collection)),
    window,
    ...(isFile && { objects }),
  }));
}

/** Where a place is a collection, its name stands in the address alone. */
function addressOf(shown: string): string {
  return shown.includes('://') ? shown.replace(/\/+$/, '') : resolve(shown);
}
