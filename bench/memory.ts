/** Resident memory of the collector while its store takes nothing, and the spool grows until it is full. */
import { readFile } from 'node:fs/promises';

import { runCollector } from './collector-folder.ts';
import { runLoad } from './intake.ts';

const mebibyte = 1024 * 1024;

export interface MemoryResult {
  /** MiB. */
  atStart: number;
  highest: number;
  accepted: number;
  /** Answered 503: the spool was full. */
  refused: number;
}

export async function measureMemory(seconds: number): Promise<MemoryResult> {
  await using collector = await runCollector({ acknowledge: 'written', storeIsBroken: true });
  const atStart = await memory(collector.process.pid, 'VmRSS');
  const plan = {
    port: collector.port,
    connections: 16,
    bodyBytes: 64_000,
    seconds,
    connectionPerRequest: false,
  };
  const { requests, failures } = await runLoad(plan);
  return {
    atStart,
    highest: await memory(collector.process.pid, 'VmHWM'),
    accepted: requests,
    refused: failures,
  };
}

async function memory(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return (Number(kibibytes) * 1024) / mebibyte;
}
