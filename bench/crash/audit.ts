/** Reads what was stored, byte by byte and with nothing of the collector's own code, and holds it against the truth. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { isProbe } from '@gleaner/datastore';

import { bodyOf } from './events.ts';
import type { CrashEvent } from './events.ts';

export interface Audit {
  /** Lines, each of them once. */
  stored: number;
  /** Acknowledged, and in no line. */
  missing: number;
  /** Lines of an event that has one already. */
  duplicate: number;
  /** Anything else that is not as it must be. */
  problems: string[];
}

interface Auditing extends Audit {
  folder: string;
  events: ReadonlyMap<string, CrashEvent>;
  /** Lines by event id. */
  found: Map<string, number>;
  /** Payload files that lines name. */
  named: Set<string>;
}

export async function audit(folder: string, events: ReadonlyMap<string, CrashEvent>): Promise<Audit> {
  const auditing: Auditing = {
    folder,
    events,
    found: new Map(),
    named: new Set(),
    stored: 0,
    missing: 0,
    duplicate: 0,
    problems: [],
  };
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).startsWith('.spool'));
  for (const path of paths.filter((one) => one.endsWith('.jsonl'))) await auditFile(path, auditing);
  for (const path of paths) {
    const isPayload = !path.endsWith('.jsonl') && !path.endsWith('.manifest.json') && !isUnfinished(path);
    if (isPayload && !auditing.named.has(path)) auditing.problems.push(`${path}: no line names this body`);
  }
  for (const { id, kind, acknowledged, attempts } of events.values()) {
    if (!acknowledged || kind === 'sampled out' || auditing.found.has(id)) continue;
    auditing.missing++;
    auditing.problems.push(`${id} (${kind}, attempts: ${attempts}) was acknowledged and is missing`);
  }
  const { stored, missing, duplicate, problems } = auditing;
  return { stored, missing, duplicate, problems };
}

async function auditFile(path: string, auditing: Auditing): Promise<void> {
  const { problems } = auditing;
  const bytes = await readFile(path);
  let chain = Buffer.alloc(32);
  let lines = 0;
  let start = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
    const line = bytes.subarray(start, end + 1);
    chain = createHash('sha256').update(chain).update(line).digest();
    start = end + 1;
    lines++;
    const problem = await auditLine(line, path, auditing);
    if (problem !== undefined) problems.push(`${path}:${lines}: ${problem}`);
  }
  if (start < bytes.length) problems.push(`${path}: the last line has no end`);
  const problem = await manifestProblem(path, { lines, bytes: bytes.length, chain: chain.toString('hex') });
  if (problem !== undefined) problems.push(`${path}: ${problem}`);
}

async function auditLine(line: Buffer, path: string, auditing: Auditing): Promise<string | undefined> {
  const { events, found } = auditing;
  const text = line.toString('utf8');
  let record: Record<string, string>;
  try {
    record = JSON.parse(text) as Record<string, string>;
  } catch {
    return 'is not JSON';
  }
  const event = events.get(String(record['id']));
  if (event === undefined) return `nobody sent ${record['id']}`;
  const times = (found.get(event.id) ?? 0) + 1;
  found.set(event.id, times);
  if (times > 1) {
    auditing.duplicate++;
    return `${event.id} (${event.kind}, attempts: ${event.attempts}) has ${times} lines`;
  }
  auditing.stored++;
  const hour = new Date(event.time * 1000).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');
  if (!dirname(path).endsWith(`/${event.collection}/${hour}`)) return 'belongs into another file';
  if (record['correlationid'] !== event.correlationId) return 'has another correlation id';
  if (event.kind === 'rows')
    return text.includes(`,"data":${bodyOf(event).toString()},`) ? undefined : 'has other data';
  const url = event.kind === 'binary' ? record['data'] : record['dataref'];
  return url === undefined ? 'names no body' : payloadProblem(url, event, auditing);
}

async function payloadProblem(
  url: string,
  event: CrashEvent,
  { named }: Auditing,
): Promise<string | undefined> {
  named.add(url);
  const body = await readFile(url).catch(() => undefined);
  if (body === undefined) return `the body ${url} is missing`;
  return body.equals(bodyOf(event)) ? undefined : `the body ${url} is another`;
}

/** Every window is over, and the drain was clean: each file is sealed as it is. */
async function manifestProblem(
  path: string,
  actual: { lines: number; bytes: number; chain: string },
): Promise<string | undefined> {
  const manifestPath = join(dirname(path), `${basename(path, '.jsonl')}.manifest.json`);
  const text = await readFile(manifestPath, 'utf8').catch(() => undefined);
  if (text === undefined) return 'has no manifest';
  const manifest = JSON.parse(text) as Record<string, unknown>;
  for (const [key, value] of Object.entries(actual)) {
    if (manifest[key] !== value)
      return `the manifest says ${key} ${String(manifest[key])}, but it is ${value}`;
  }
  return undefined;
}

/** What a kill in the middle of `put`, or of the start, leaves behind. */
function isUnfinished(path: string): boolean {
  return basename(path).startsWith('.put-') || isProbe(path);
}

const LF = '\n'.charCodeAt(0);
