/** Resident memory of a tap that captures: with very many streams, and with large bodies while the store takes nothing. */
import { readFile } from 'node:fs/promises';

import { answerOf, questionOf } from './bodies.ts';
import { startNginxModel } from './nginx.ts';
import type { ClientsResult } from './stream-clients.ts';
import { runClients, startStreamServer } from './streams.ts';
import { runTap } from './tap-process.ts';
import type { TapCounts } from './tap-process.ts';
import { openWrk } from './wrk.ts';
import type { WrkResult } from './wrk.ts';

/** MiB. */
export interface Memory {
  atStart: number;
  highest: number;
}

export const manyStreams = { streams: 1000, events: 100, gapMs: 100, eventBytes: 1000 };
export const largeBodies = { connections: 16, bytes: 64_000 };

export interface StreamMemory extends Memory {
  clients: ClientsResult;
  kept: Record<string, number>;
}

export async function measureStreamMemory(): Promise<StreamMemory> {
  await using model = await startStreamServer(manyStreams);
  await using tap = await runTap({ modelPort: model.port, captures: true });
  const atStart = await memory(tap.pid, 'VmRSS');
  const clients = await runClients({ port: tap.port, streams: manyStreams.streams, rampMs: 1000 });
  await tap.caughtUp();
  return {
    atStart,
    highest: await memory(tap.pid, 'VmHWM'),
    clients,
    kept: await tap.dataStatuses('response'),
  };
}

export interface BodyMemory extends Memory {
  load: WrkResult;
  counts: TapCounts;
}

export async function measureBodyMemory(seconds: number): Promise<BodyMemory> {
  const { connections, bytes } = largeBodies;
  await using wrk = await openWrk(questionOf(bytes));
  await using model = await startNginxModel(answerOf(2000));
  await using tap = await runTap({ modelPort: model.port, captures: true, storeIsBroken: true });
  const atStart = await memory(tap.pid, 'VmRSS');
  const load = await wrk.run({ port: tap.port, connections, seconds });
  const counts = await tap.counts('request');
  return { atStart, highest: await memory(tap.pid, 'VmHWM'), load, counts };
}

async function memory(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}
