/** The rows of sealed windows as Parquet, beside their lines. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { cacheFailure } from '../cache/errors.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { Finding } from '../findings.ts';
import { isDataFile, isRowFile, listWindows, nameOf, rowFileName } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import { readSeals } from '../seals.ts';
import { openEngine, sqlText } from '../sql/duckdb.ts';
import type { Engine } from '../sql/duckdb.ts';
import { coveringRowFiles, fitsParquet, rowFileKey, rowFileVersion } from '../sql/row-files.ts';
import type { RowFileFacts } from '../sql/row-files.ts';
import { tableFiles } from '../sql/table-files.ts';
import { defaultMemory } from '../sql/tables.ts';
import { collectionView } from '../sql/views.ts';
import { mergeColumns } from '../sql/column-types.ts';
import type { FileProfile } from '../sql/profile.ts';

/**
 * `written`: it is there now. `present`: it was. `open`: the window is not sealed to its last byte. `lines`: Parquet cannot say
 * what its lines say (broken lines, bodies that are no rows, whole numbers of over 64 bits), so it stays without.
 */
export type CompactOutcome = 'written' | 'present' | 'open' | 'lines';

export interface CompactedWindow {
  /** Path of the window, ending in `/`. */
  path: string;
  outcome: CompactOutcome;
  lineBytes: number;
  /** Of the Parquet file; 0 where there is none. */
  rowFileBytes: number;
}

export interface CompactOptions {
  cache: ObjectCache;
  /** Such as `700MB`, the default. */
  memory?: string;
  signal?: AbortSignal | undefined;
}

/**
 * Writes `_rows.parquet` into each sealed window below `prefix` that has none for the lines it holds now; the lines stay as they
 * are. Queries read it instead of the lines while no line was added since. Errors: `cache_failed`, those of queries and stores.
 */
export async function* compact(
  datastore: Datastore,
  prefix: string,
  { cache, memory = defaultMemory, signal }: CompactOptions,
): AsyncGenerator<CompactedWindow> {
  const spillFolder = join(cache.folder, `.spill-${randomUUID()}`);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(spillFolder, { recursive: true, force: true }));
  const engine = stack.use(await openEngine({ memory, spillFolder, signal }));
  for await (const window of listWindows(datastore, prefix)) {
    const objects = window.objects.filter(({ path, byteLength }) => isDataFile(path) && byteLength > 0);
    if (objects.length === 0) continue;
    const lineBytes = objects.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const made = await compactWindow({ datastore, window, objects }, { cache, engine, signal }).catch(
      (error: unknown) => {
        throw cacheFailure(cache.folder, error);
      },
    );
    yield { path: window.path, lineBytes, ...made };
  }
}

interface Source {
  datastore: Datastore;
  window: CollectedWindow;
  objects: readonly StoredObject[];
}

interface Context {
  cache: ObjectCache;
  engine: Engine;
  signal: AbortSignal | undefined;
}

type Made = Pick<CompactedWindow, 'outcome' | 'rowFileBytes'>;

async function compactWindow(source: Source, context: Context): Promise<Made> {
  const { datastore, window, objects } = source;
  if (!(await isSealed(source))) return { outcome: 'open', rowFileBytes: 0 };
  const rowObjects = window.objects.filter(({ path }) => isRowFile(path));
  const [present] = await coveringRowFiles({ objects, rowObjects }, { datastore, ...context });
  if (present !== undefined) return { outcome: 'present', rowFileBytes: rowObjects[0]?.byteLength ?? 0 };
  const local = join(context.cache.folder, `.${randomUUID()}.part`);
  try {
    await mkdir(context.cache.folder, { recursive: true, mode: 0o700 });
    if (!(await writeRows(source, context, local))) return { outcome: 'lines', rowFileBytes: 0 };
    const byteLength = (await stat(local)).size;
    await datastore.put(window.path + rowFileName, { byteLength, open: () => createReadStream(local) });
    return { outcome: 'written', rowFileBytes: byteLength };
  } finally {
    await rm(local, { force: true });
  }
}

async function isSealed({ datastore, window, objects }: Source): Promise<boolean> {
  const { seals } = await readSeals(datastore, window);
  const sealed = new Map(
    seals.flatMap(({ manifest }) => manifest.files.map(({ name, bytes }) => [name, bytes])),
  );
  return objects.every(({ path, byteLength }) => sealed.get(nameOf(path)) === byteLength);
}

/** False when the rows do not say all that the lines say. */
async function writeRows(
  { datastore, objects }: Source,
  { cache, engine, signal }: Context,
  path: string,
): Promise<boolean> {
  const findings: Finding[] = [];
  const onFinding = (found: Finding) => void findings.push(found);
  const files = await tableFiles(objects, { datastore, cache, engine, onFinding, onFile: () => {}, signal });
  const profile = profileOf(files.map((file) => file.profile));
  if (findings.length > 0 || profile.lines === 0 || !fitsParquet(profile)) return false;
  const facts: RowFileFacts = {
    version: rowFileVersion,
    files: objects.map(({ path, byteLength }) => ({ name: nameOf(path), bytes: byteLength })),
    profile,
  };
  const { sql } = collectionView('compacted', files);
  await engine.run(sql.replace('create view', 'create or replace view'));
  await engine.run(`copy compacted to ${sqlText(path)} (format parquet, compression zstd,
    kv_metadata {${rowFileKey}: ${sqlText(JSON.stringify(facts))}})`);
  return true;
}

/** Of all files together: the kinds of a column are those of all. */
function profileOf(profiles: readonly FileProfile[]): FileProfile {
  const columns = mergeColumns(profiles.map((one) => one.columns)).map(({ name }) => ({
    name,
    kinds: [
      ...new Set(profiles.flatMap((one) => one.columns.find((column) => column.name === name)?.kinds ?? [])),
    ],
  }));
  return {
    lines: profiles.reduce((sum, { lines }) => sum + lines, 0),
    irregular: 0,
    plainTimes: profiles.every(({ plainTimes }) => plainTimes),
    columns,
  };
}
