/** Counts what is in a store, byte by byte and with nothing of the collector's own code. */
import { createHash } from 'node:crypto';

import { bodyOf } from './events.ts';
import type { StoreEvent } from './events.ts';
import type { StorePlace } from './servers.ts';

export interface Audit {
  objects: number;
  /** Events with a line. */
  stored: number;
  /** Acknowledged, and in no line. */
  missing: number;
  /** Lines of an event that has one already. */
  duplicate: number;
  /** Anything that is not as it must be, the missing and the duplicate ones among it. */
  problems: string[];
}

export interface AuditOptions {
  place: StorePlace;
  /** Where the collector reached it. */
  endpoint: string;
  /** Everything that was sent. Each window is over and the drain was clean. */
  events: readonly StoreEvent[];
}

export async function auditStore(options: AuditOptions): Promise<Audit> {
  const files = await options.place.list();
  const auditing: Auditing = {
    ...options,
    byId: new Map(options.events.map((event) => [event.id, event])),
    bytesOf: new Map(files.map(({ path, byteLength }) => [path, byteLength])),
    linesOf: new Map(),
    explained: new Set(),
    problems: [],
  };
  const paths = files.map(({ path }) => path).sort();
  for (const folder of new Set(paths.map(folderOf))) await auditWindow(folder, auditing);
  const { linesOf, explained, problems } = auditing;
  for (const path of paths) if (!explained.has(path)) problems.push(`${path}: nothing tells of it`);
  let duplicate = 0;
  for (const [id, lines] of linesOf) {
    duplicate += lines - 1;
    if (lines > 1) problems.push(`${id} has ${lines} lines`);
  }
  const lost = options.events.filter(({ id, isAcknowledged }) => isAcknowledged && !linesOf.has(id));
  for (const { id, kind } of lost) problems.push(`${id} (${kind}) was acknowledged and is missing`);
  return { objects: paths.length, stored: linesOf.size, missing: lost.length, duplicate, problems };
}

interface Auditing extends AuditOptions {
  byId: ReadonlyMap<string, StoreEvent>;
  /** By path. */
  bytesOf: ReadonlyMap<string, number>;
  /** By event id. */
  linesOf: Map<string, number>;
  /** Paths that somebody tells of: a manifest of data files, a line of a body. */
  explained: Set<string>;
  problems: string[];
}

interface Manifest {
  files: { name: string; lines: number; bytes: number }[];
  lines: number;
  bytes: number;
  kept: number;
  chain: string;
}

/** Every line is looked at, and every data file is one of a manifest's, which says how long it is and what it holds. */
async function auditWindow(folder: string, auditing: Auditing): Promise<void> {
  const { place, bytesOf, explained, problems } = auditing;
  const paths = [...bytesOf.keys()].filter((path) => folderOf(path) === folder);
  const files = new Map<string, DataFile>();
  for (const path of paths.filter((one) => one.endsWith('.jsonl'))) {
    const content = await place.read(path);
    const lines = linesIn(content);
    files.set(path, { lines, bytes: content.length });
    for (const line of lines) {
      const problem = await lineProblem(line, folder, auditing);
      if (problem !== undefined) problems.push(`${path}: ${problem}`);
    }
  }
  for (const path of paths.filter((one) => one.endsWith('.manifest.json'))) {
    explained.add(path);
    const manifest = JSON.parse((await place.read(path)).toString()) as Manifest;
    for (const { name } of manifest.files) explained.add(folder + name);
    const told = manifest.files.map(({ name }) => files.get(folder + name) ?? { lines: [], bytes: 0 });
    const actual = summaryOf(manifest.files, told);
    const { lines, kept, bytes, chain } = manifest;
    const summary = { files: manifest.files, lines, kept, bytes, chain };
    if (JSON.stringify(summary) !== JSON.stringify(actual))
      problems.push(`${path} says ${JSON.stringify(summary)}, but it is ${JSON.stringify(actual)}`);
  }
}

interface DataFile {
  lines: Buffer[];
  bytes: number;
}

/** What the manifest of these files must say. */
function summaryOf(named: Manifest['files'], found: DataFile[]): Manifest {
  const files = found.map(({ lines, bytes }, at) => ({
    name: named[at]?.name ?? '',
    lines: lines.length,
    bytes,
  }));
  let chain = Buffer.alloc(32);
  for (const line of found.flatMap(({ lines }) => lines))
    chain = createHash('sha256').update(chain).update(line).digest();
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { files, lines, kept: lines, bytes, chain: chain.toString('hex') };
}

function linesIn(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf(LF); end >= 0; end = content.indexOf(LF, start)) {
    lines.push(content.subarray(start, end + 1));
    start = end + 1;
  }
  // The last one without an end is a line that cannot be read.
  if (start < content.length) lines.push(content.subarray(start));
  return lines;
}

async function lineProblem(line: Buffer, folder: string, auditing: Auditing): Promise<string | undefined> {
  const { byId, linesOf } = auditing;
  const text = line.toString('utf8');
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return `no JSON: ${text.slice(0, 80)}`;
  }
  const event = byId.get(String(record['id']));
  if (event === undefined) return `nobody sent ${String(record['id'])}`;
  linesOf.set(event.id, (linesOf.get(event.id) ?? 0) + 1);
  const hour = new Date(event.time * 1000).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');
  if (!folder.endsWith(`/${event.collection}/${hour}/`)) return `${event.id} belongs into another window`;
  if (record['correlationid'] !== event.correlationId) return `${event.id} has another correlation id`;
  if (event.kind === 'rows')
    return text.includes(`,"data":${bodyOf(event).toString()},`) ? undefined : `${event.id} has other data`;
  return payloadProblem(record, event, { ...auditing, folder });
}

async function payloadProblem(
  record: Record<string, unknown>,
  event: StoreEvent,
  { place, endpoint, folder, bytesOf, explained }: Auditing & { folder: string },
): Promise<string | undefined> {
  const isBinary = event.kind === 'binary' || event.kind === 'large binary';
  const path = `${folder}${event.id}${isBinary ? '' : '.json'}`;
  const url = record[isBinary ? 'data' : 'dataref'];
  if (url !== place.urlOf(path, endpoint)) return `${event.id} names ${String(url)}`;
  explained.add(path);
  if (!bytesOf.has(path)) return `the body ${path} is missing`;
  return (await place.read(path)).equals(bodyOf(event)) ? undefined : `the body ${path} is another`;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

const LF = '\n'.charCodeAt(0);
