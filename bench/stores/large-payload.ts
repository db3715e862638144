/** One large binary body through a real `gleaner collect` process into a store, and how much memory the process takes for it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { gleaner } from '../../scripts/repository.ts';
import { startCollector } from '../collector-process.ts';
import { writeCollectorFile } from './collector.ts';
import type { StoreServer } from './servers.ts';

export interface LargePayloadResult {
  /** Resident memory in MiB. */
  atStart: number;
  highest: number;
  /** From the first byte sent until the line is stored. */
  seconds: number;
  /** The body in the store is the one that was sent. */
  isEqual: boolean;
}

export interface LargePayloadRun {
  server: StoreServer;
  /** Empty. */
  folder: string;
  byteLength: number;
}

const mebibyte = 1024 * 1024;
const id = '11111111-2222-4333-8444-555555555555';
const patienceMs = 180_000;

export async function measureLargePayload(run: LargePayloadRun): Promise<LargePayloadResult> {
  const { server, folder, byteLength } = run;
  const place = await server.makePlace();
  const ship = { flush_interval: '1s' };
  const collectorFile = await writeCollectorFile(
    { folder, place, endpoint: server.endpoint },
    { ship, log: true },
  );
  const collector = startCollector([...gleaner, 'collect', '--config', collectorFile]);
  try {
    const ready = await collector.ready;
    if ('ended' in ready) throw new Error(`The collector ${ready.ended}`);
    const atStart = await memory(collector.pid, 'VmRSS');
    const startMs = performance.now();
    const sent = await post(ready.port, byteLength);
    await stored(ready.adminPort);
    const seconds = (performance.now() - startMs) / 1000;
    const highest = await memory(collector.pid, 'VmHWM');
    const path = (await place.list()).find((file) => file.path.endsWith(id))?.path;
    const found = path === undefined ? '' : hashOf(await place.read(path));
    return { atStart, highest, seconds, isEqual: found === sent };
  } finally {
    collector.signal('SIGKILL');
    await collector.exited;
  }
}

/** Gives the hash of what was sent. */
async function post(port: number, byteLength: number): Promise<string> {
  const hash = createHash('sha256');
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': byteLength,
    'trace-id': id,
    'ce-type': 'azureml.inference.model_inputs',
  };
  const outgoing = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/modeldata/log', headers });
  const status = new Promise<number | undefined>((resolve, reject) => {
    outgoing.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
  });
  for (let left = byteLength, piece = 0; left > 0; piece++) {
    const noise = createHash('shake256', { outputLength: mebibyte }).update(String(piece)).digest();
    const part = noise.subarray(0, left);
    left -= part.length;
    hash.update(part);
    await new Promise((resolve) => outgoing.write(part, resolve));
  }
  outgoing.end();
  if ((await status) !== 200) throw new Error(`The intake answered ${await status}.`);
  return hash.digest('hex');
}

async function stored(adminPort: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/status`);
    const { backlog, causes } = (await answer.json()) as { backlog: { records: number }; causes: unknown[] };
    if (backlog.records === 0) return;
    if (Date.now() > deadline) throw new Error(`It was not stored: ${JSON.stringify(causes)}`);
    await sleep(100);
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function memory(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return (Number(kibibytes) * 1024) / mebibyte;
}
