/** A collector with the tap in front of a model server of this process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';

import { startSystem } from './system.ts';
import type { System, SystemOptions } from './system.ts';

export type RecordObject = Record<string, unknown>;

export interface TappedSystem extends AsyncDisposable {
  system: System;
  /** Of the proxy. */
  url: string;
  /** Of the model server itself. */
  modelUrl: string;
  /** Ends the collector and gives what it stored. */
  records(): Promise<{ request: RecordObject[]; response: RecordObject[] }>;
}

/** `model` answers, or listens on this port. `request` and `response` are enabled unless `options` say otherwise. */
export async function startTapped(
  model: RequestListener | number,
  options: SystemOptions = {},
): Promise<TappedSystem> {
  const server = typeof model === 'number' ? undefined : await listening(model);
  const port = typeof model === 'number' ? model : portOf(server);
  const system = await startSystem({
    ...options,
    flags: { proxy: `0:${port}`, ...options.flags },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' }, ...options.collections },
  });
  return {
    system,
    url: `http://127.0.0.1:${system.collector.proxyPort}`,
    modelUrl: `http://127.0.0.1:${port}`,
    async records() {
      await system.finish();
      const parsed = async (collection: string) =>
        (await system.lines(collection)).map((line) => JSON.parse(line) as RecordObject);
      return { request: await parsed('request'), response: await parsed('response') };
    },
    async [Symbol.asyncDispose]() {
      await system[Symbol.asyncDispose]();
      server?.closeAllConnections();
      server?.close();
    },
  };
}

async function listening(model: RequestListener): Promise<Server> {
  const server = createServer(model).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  if (address === null || typeof address !== 'object') throw new Error('the server has no port');
  return address.port;
}
