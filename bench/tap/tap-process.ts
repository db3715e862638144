/** `gleaner collect` as a tap in front of a model server, in a temporary folder. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { collectCommand, startCollector } from '../collector-process.ts';
import { cpuSeconds, removeAtExit } from './child.ts';
import { freePort } from './free-port.ts';

export interface RunningTap extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  cpuSeconds(): Promise<number>;
  /** Waits until everything that was accepted is stored. */
  caughtUp(): Promise<void>;
  counts(collection: 'request' | 'response'): Promise<TapCounts>;
  /** How many stored records of the collection have each `datastatus`; `whole`: those without one. */
  dataStatuses(collection: 'request' | 'response'): Promise<Record<string, number>>;
}

export interface TapCounts {
  seen: number;
  accepted: number;
  stored: number;
  dropped: Record<string, number>;
}

export interface TapOptions {
  modelPort: number;
  /** Of request and response, or of neither. */
  captures: boolean;
  /** A file stands where the folder of the data should be: nothing can be stored. */
  storeIsBroken?: boolean;
  /** Default: that of the collector. */
  spoolMaxSize?: string;
}

export async function runTap(options: TapOptions): Promise<RunningTap> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-bench-tap-'));
  const dataFolder = join(folder, 'data');
  const linesFolder = join(dataFolder, 'modelDataCollector');
  await mkdir(dataFolder);
  if (options.storeIsBroken) await writeFile(linesFolder, '');
  const port = await freePort();
  const collectorFile = join(folder, 'collector.yml');
  await writeFile(collectorFile, JSON.stringify(configuration(options, port)));
  const collector = startCollector(collectCommand(collectorFile, dataFolder));
  const removing = removeAtExit(folder);
  const ready = await collector.ready;
  if ('ended' in ready) throw new Error(`The collector ${ready.ended}`);
  const ended = collector.exited.then(({ code, log }) => {
    throw new Error(`The collector ended by itself, code ${code}:\n${log}`);
  });
  ended.catch(() => undefined);
  const status = async (): Promise<Status> => {
    const response = await Promise.race([ended, fetch(`http://127.0.0.1:${ready.adminPort}/status`)]);
    return (await response.json()) as Status;
  };
  const { pid = 0 } = collector;
  return {
    port,
    pid,
    cpuSeconds: () => cpuSeconds(pid),
    async caughtUp() {
      while ((await status()).backlog.records > 0) await sleep(50);
    },
    async counts(collection) {
      return (await status()).collections[collection] ?? { seen: 0, accepted: 0, stored: 0, dropped: {} };
    },
    dataStatuses: (collection) => dataStatuses(linesFolder, collection),
    async [Symbol.asyncDispose]() {
      collector.signal('SIGKILL');
      await collector.exited;
      await rm(folder, { recursive: true, force: true });
      removing[Symbol.dispose]();
    },
  };
}

interface Status {
  collections: Record<string, TapCounts>;
  backlog: { records: number };
}

function configuration({ modelPort, captures, spoolMaxSize }: TapOptions, port: number): unknown {
  const collections = captures ? ['request', 'response'] : ['model_inputs'];
  return {
    endpoint_name: 'iris',
    name: 'blue',
    data_collector: {
      collections: Object.fromEntries(collections.map((name) => [name, { enabled: 'true' }])),
    },
    intake: { port: 0 },
    admin: { port: 0 },
    proxy: `${port}:${modelPort}`,
    ...(spoolMaxSize !== undefined && { spool: { max_size: spoolMaxSize } }),
  };
}

async function dataStatuses(folder: string, collection: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.jsonl') || !name.includes(`/${collection}/`)) continue;
    const text = await readFile(join(folder, name), 'utf8');
    for (const line of text.split('\n').filter(Boolean)) {
      const { datastatus = 'whole' } = JSON.parse(line) as { datastatus?: string };
      counts[datastatus] = (counts[datastatus] ?? 0) + 1;
    }
  }
  return counts;
}
