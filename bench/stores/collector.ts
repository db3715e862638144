/** The whole collector over one place of a store: the same configuration wherever it runs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createLogger, loadConfig, openCollector } from '@gleaner/collector';
import type { Collector, OpenDatastore } from '@gleaner/collector';

import { Connection } from '../crash/connection.ts';
import { collections, requestOf } from './events.ts';
import type { StoreEvent } from './events.ts';
import type { StorePlace } from './servers.ts';

export interface CollectorPlace {
  /** Holds configuration and spool; a later collector goes on in it. */
  folder: string;
  place: StorePlace;
  /** Where the collector finds the store. */
  endpoint: string;
}

/** Nothing waits for long, objects and appends are small, and so there are many of them. */
const hastyShip = {
  flush_interval: '50ms',
  object_size: '1MiB',
  batch_size: '2MiB',
  seal_grace: '300ms',
  call_timeout: '3s',
};

export const drainTimeoutMs = 120_000;

/** Writes `collector.yml` and gives its path. `ship`: `{}` is what users have. `log`: whether there are log lines. */
export async function writeCollectorFile(
  { folder, place, endpoint }: CollectorPlace,
  { ship = hastyShip, log = false }: { ship?: Record<string, string>; log?: boolean } = {},
): Promise<string> {
  const path = join(folder, 'collector.yml');
  const config = {
    endpoint_name: 'iris',
    name: 'blue',
    data_collector: {
      collections: Object.fromEntries(collections.map((name) => [name, { enabled: 'true' }])),
    },
    datastores: { workspaceblobstore: place.datastore(endpoint) },
    intake: { port: 0 },
    admin: { port: 0 },
    spool: { path: 'spool' },
    ship,
    log_level: log ? 'info' : 'silent',
  };
  await mkdir(folder, { recursive: true });
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** Starts a collector on a file of {@link writeCollectorFile}. */
export async function startCollectorOn(
  collectorFile: string,
  openDatastore?: OpenDatastore,
): Promise<Collector> {
  const config = await loadConfig({ collectorFile, flags: {}, environment: {} });
  return openCollector(config, {
    logger: createLogger(config),
    ...(openDatastore && { openDatastore }),
  });
}

export interface Sending {
  connections?: number;
  /** Between two requests of a connection, at most. */
  pauseMs?: number;
  random?: () => number;
}

/** Sends events, marks those that are acknowledged, and gives the others. */
export async function sendAll(
  port: number,
  events: readonly StoreEvent[],
  { connections = 4, pauseMs = 0, random = Math.random }: Sending = {},
): Promise<StoreEvent[]> {
  const waiting = [...events];
  const send = async (): Promise<void> => {
    const connection = new Connection(port);
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      event.isAcknowledged = (await connection.post(requestOf(event))) === 200;
      if (!event.isAcknowledged) await sleep(20);
      if (connection.isLost) break;
      if (pauseMs > 0) await sleep(random() * pauseMs);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, send));
  return events.filter(({ isAcknowledged }) => !isAcknowledged);
}
