/** A temporary folder with a configuration, and `gleaner collect` on it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { collectCommand, startCollector } from './collector-process.ts';
import type { CollectorProcess } from './collector-process.ts';

export interface RunningCollector extends AsyncDisposable {
  readonly port: number;
  readonly process: CollectorProcess;
  /** Waits until everything that was accepted is stored. */
  caughtUp(): Promise<void>;
  /** Counts of the collection `name`. */
  counts(name: string): Promise<{ seen: number; stored: number; dropped: Record<string, number> }>;
}

export interface CollectorFolderOptions {
  acknowledge: 'written' | 'durable';
  collections?: readonly string[];
  /** A file stands where the folder of the data should be: nothing can be stored. */
  storeIsBroken?: true;
}

export async function runCollector(options: CollectorFolderOptions): Promise<RunningCollector> {
  const { acknowledge, collections = ['model_inputs', 'model_outputs'] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-bench-'));
  const collectorFile = join(folder, 'collector.yml');
  const config = {
    endpoint_name: 'iris',
    name: 'blue',
    data_collector: {
      collections: Object.fromEntries(collections.map((name) => [name, { enabled: 'true' }])),
    },
    intake: { port: 0 },
    admin: { port: 0 },
    spool: { ack: acknowledge },
  };
  await writeFile(collectorFile, JSON.stringify(config));
  const dataFolder = join(folder, 'data');
  await mkdir(dataFolder);
  if (options.storeIsBroken) await writeFile(join(dataFolder, 'modelDataCollector'), '');
  const process = startCollector(collectCommand(collectorFile, dataFolder));
  const ready = await process.ready;
  if ('ended' in ready) throw new Error(`The collector ${ready.ended}`);
  const ended = process.exited.then(({ code, log }) => {
    throw new Error(`The collector ended by itself, code ${code}:\n${log}`);
  });
  ended.catch(() => undefined);
  const status = async (): Promise<Status> => {
    const response = await Promise.race([ended, fetch(`http://127.0.0.1:${ready.adminPort}/status`)]);
    return (await response.json()) as Status;
  };
  return {
    port: ready.port,
    process,
    async caughtUp() {
      while ((await status()).backlog.records > 0) await sleep(50);
    },
    async counts(name) {
      const { collections: counts } = await status();
      return counts[name] ?? { seen: 0, stored: 0, dropped: {} };
    },
    async [Symbol.asyncDispose]() {
      process.signal('SIGKILL');
      await process.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Status {
  collections: Record<string, { seen: number; stored: number; dropped: Record<string, number> }>;
  backlog: { records: number };
}
