/** Streams of events: how much later they come through a proxy. */
import { join } from 'node:path';

import { outputOf, startServer } from './child.ts';
import type { ServerProcess } from './child.ts';
import { startNginxProxy } from './nginx.ts';
import { measureInTurn } from './rounds.ts';
import type { ClientsPlan, ClientsResult } from './stream-clients.ts';
import type { StreamPlan } from './stream-server.ts';
import { runTap } from './tap-process.ts';

export type StreamWay = 'direct' | 'nginx, proxy_buffering off' | 'tap with capture';

export const streamLoad = { streams: 50, events: 20, gapMs: 50, eventBytes: 200 };

/** What the clients saw in each round, and what the tap kept. */
export interface StreamsResult {
  samples: Record<StreamWay, ClientsResult[]>;
  kept: Record<string, number>;
}

export async function measureStreams(rounds: number): Promise<StreamsResult> {
  const { streams, gapMs } = streamLoad;
  await using model = await startStreamServer(streamLoad);
  await using nginx = await startNginxProxy({ modelPort: model.port, workers: 1, buffering: 'off' });
  await using tap = await runTap({ modelPort: model.port, captures: true });
  const contenders: Record<StreamWay, { port: number; caughtUp?: () => Promise<void> }> = {
    direct: model,
    'nginx, proxy_buffering off': nginx,
    'tap with capture': tap,
  };
  const samples = await measureInTurn(rounds, contenders, async ({ port, caughtUp }) => {
    // Spread over a gap: events of different streams do not come at the same moment.
    const result = await runClients({ port, streams, rampMs: gapMs });
    await caughtUp?.();
    return result;
  });
  return { samples, kept: await tap.dataStatuses('response') };
}

export function startStreamServer(plan: StreamPlan): Promise<ServerProcess> {
  return startServer(join(import.meta.dirname, 'stream-server.ts'), plan);
}

export async function runClients(plan: ClientsPlan): Promise<ClientsResult> {
  const clients = join(import.meta.dirname, 'stream-clients.ts');
  return JSON.parse(await outputOf(process.execPath, [clients, JSON.stringify(plan)])) as ClientsResult;
}
