/** The files that stand for a collection in queries, and what is in them. */
import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { checkCancelled } from '../cache/errors.ts';
import type { LocalFile, ObjectCache } from '../cache/object-cache.ts';
import { finding } from '../findings.ts';
import type { Finding, OnFinding } from '../findings.ts';
import { windowFolderOf } from '../layout.ts';
import type { Engine } from './duckdb.ts';
import { writePlainRows } from './plain-rows.ts';
import { profileFiles } from './profile.ts';
import type { FileProfile } from './profile.ts';

export interface TableFile {
  path: string;
  /** `lines` as they were collected, rows that were made of them, or the rows of a window as Parquet. */
  form: 'lines' | 'rows' | 'parquet';
  /** Path in the store of the first object that it holds. */
  object: string;
  profile: FileProfile;
}

export interface TableFilesContext {
  datastore: Datastore;
  cache: ObjectCache;
  engine: Engine;
  onFinding: OnFinding;
  onFile: (file: { path: string; byteLength: number }) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Brings the objects here, looks at every line of those that nobody has looked at, and makes plain rows of what is not regular.
 * While some are looked at the next ones are fetched. Files without a byte are left out.
 */
export async function tableFiles(
  objects: readonly StoredObject[],
  context: TableFilesContext,
): Promise<TableFile[]> {
  const files: TableFile[] = [];
  let before: Promise<TableFile[]> = Promise.resolve([]);
  for (const batch of batchesOf(objects.filter(({ byteLength }) => byteLength > 0))) {
    const [fetched, done] = await Promise.all([fetchAll(batch, context), before]);
    files.push(...done);
    before = lookAt(fetched, context);
    // It is waited for with the next batch, which may fail first.
    before.catch(() => undefined);
  }
  return [...files, ...(await before)];
}

interface Fetched {
  object: StoredObject;
  local: LocalFile;
}

interface KnownFile {
  version: typeof knownVersion;
  form: 'lines' | 'rows';
  profile: FileProfile;
  findings: Finding[];
}

const knownVersion = 1;
const maxBatchBytes = 128 * 1024 * 1024;
const maxBatchFiles = 512;
const fetchesAtOnce = 8;

function* batchesOf(objects: readonly StoredObject[]): Generator<StoredObject[]> {
  let batch: StoredObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    batch.push(object);
    bytes += object.byteLength;
    if (bytes < maxBatchBytes && batch.length < maxBatchFiles) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function fetchAll(
  objects: readonly StoredObject[],
  { datastore, cache, onFile, signal }: TableFilesContext,
): Promise<Fetched[]> {
  const fetched: Fetched[] = [];
  const queue = objects.entries();
  const work = async (): Promise<void> => {
    for (const [index, object] of queue) {
      const mayGrow = (windowFolderOf(object.path)?.end ?? Infinity) * 1000 > Date.now();
      const local = await cache.fetch(datastore, object, { mayGrow, signal });
      fetched[index] = { object, local };
      onFile(object);
    }
  };
  await Promise.all(Array.from({ length: fetchesAtOnce }, work));
  return fetched;
}

async function lookAt(files: readonly Fetched[], context: TableFilesContext): Promise<TableFile[]> {
  const known = await Promise.all(files.map(({ local }) => readKnown(local)));
  const unknown = files.filter((_, index) => known[index] === undefined);
  const profiles = await profileFiles(
    context.engine,
    unknown.map(({ local }) => local.path),
  );
  const found: TableFile[] = [];
  for (const [index, file] of files.entries()) {
    checkCancelled(context.signal);
    const { local, object } = file;
    const profile = profiles.get(local.path);
    const isRegular = profile?.irregular === 0;
    const one = known[index] ?? (isRegular ? regular(profile) : await plain(file, context));
    if (known[index] === undefined && isKeepable(one)) await writeKnown(local, one);
    for (const each of one.findings) context.onFinding({ ...each, file: object.path });
    found.push({
      path: one.form === 'lines' ? local.path : rowsPath(local),
      object: object.path,
      form: one.form,
      profile: one.profile,
    });
  }
  return found;
}

function regular(profile: FileProfile): KnownFile {
  return { version: knownVersion, form: 'lines', profile, findings: [] };
}

async function plain(
  { object, local }: Fetched,
  { datastore, engine }: TableFilesContext,
): Promise<KnownFile> {
  const path = rowsPath(local);
  const findings = await writePlainRows({ datastore, object: object.path, local }, path);
  const none = { lines: 0, irregular: 0, plainTimes: true, columns: [] };
  const profile = (await stat(path)).size === 0 ? none : (await profileFiles(engine, [path])).get(path);
  if (profile === undefined) throw new Error(`${path} cannot be looked at.`);
  const unread =
    findings.filter(({ code }) => code === 'correlation_missing').length === 0 ? profile.irregular : 0;
  if (unread > 0) {
    const message = `${unread} rows hold text that is no Unicode; queries leave them out.`;
    findings.push(finding('line_broken', { file: object.path }, message));
  }
  return { version: knownVersion, form: 'rows', profile, findings };
}

/** A body that is not there yet may come. */
function isKeepable({ findings }: KnownFile): boolean {
  return findings.every(({ code }) => code !== 'payload_missing');
}

function rowsPath({ derived }: LocalFile): string {
  return `${derived}.rows.jsonl`;
}

async function readKnown(local: LocalFile): Promise<KnownFile | undefined> {
  try {
    const known = JSON.parse(await readFile(`${local.derived}.profile.json`, 'utf8')) as Partial<KnownFile>;
    if (known.version !== knownVersion) return undefined;
    if (known.form === 'rows') await utimes(rowsPath(local), new Date(), new Date());
    return known as KnownFile;
  } catch (error) {
    // Never made, evicted, or of a machine that stopped meanwhile: it is made again.
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    ) {
      return undefined;
    }
    throw error;
  }
}

async function writeKnown({ derived }: LocalFile, known: KnownFile): Promise<void> {
  const unfinished = `${derived}.${randomUUID()}.part`;
  await writeFile(unfinished, JSON.stringify(known), { mode: 0o600 });
  await rename(unfinished, `${derived}.profile.json`);
}
