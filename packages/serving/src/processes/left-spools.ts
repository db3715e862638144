/** Stores what ended instances left in their spools: runs a collector on each that takes nothing and drains. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from 'pino';

import { createBackoff } from './backoff.ts';
import { startChild } from './child.ts';
import { collectorFolder, drainingConfig } from './collector-config.ts';
import { inheritedEnvironment } from './environment.ts';
import { isStartedLine } from './instance-collector.ts';
import { openLogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';

export interface LeftSpoolsOptions {
  collectorCommand: readonly string[];
  pidFiles: PidFiles;
  logger: Logger;
}

export interface LeftSpools {
  /** The folder of an instance without processes. It is removed once all of its records are stored. */
  adopt(folder: string): void;
  /** Ends what runs; the rest waits for the next start. */
  close(): Promise<void>;
}

const retries = { firstMs: 5000, maxMs: 600_000, stableMs: Infinity };
const endGraceMs = 5000;
const maxAtOnce = 2;
const invalidConfigCode = 2;

export function createLeftSpools(options: LeftSpoolsOptions): LeftSpools {
  const { logger } = options;
  const stop = new AbortController();
  const work = new Set<Promise<void>>();
  const turns = createTurns(maxAtOnce);
  const drainUntilDone = async (folder: string): Promise<void> => {
    const backoff = createBackoff(retries);
    while (!stop.signal.aborted) {
      const outcome = await turns(() => drainOnce(folder, { ...options, signal: stop.signal }));
      if (outcome === 'stored') return rm(folder, { recursive: true, force: true });
      if (outcome === 'impossible') {
        return logger.error(
          { folder },
          'the records of this spool cannot be stored: its configuration is not valid',
        );
      }
      if (stop.signal.aborted) return;
      logger.warn({ folder }, 'the records of an ended instance wait for their store');
      await sleep(Math.max(retries.firstMs, backoff.delayMs(0)), undefined, { signal: stop.signal }).catch(
        () => undefined,
      );
    }
  };
  return {
    adopt(folder) {
      const task = drainUntilDone(folder)
        .catch((error: unknown) => logger.error({ err: error, folder }, 'spool of an ended instance'))
        .finally(() => work.delete(task));
      work.add(task);
    },
    async close() {
      stop.abort();
      await Promise.all(work);
    },
  };
}

/** Folders of instances below `instancesFolder`. */
export async function findInstanceFolders(instancesFolder: string): Promise<string[]> {
  const names = await readdir(instancesFolder, { recursive: true, withFileTypes: true }).catch(() => []);
  return names
    .filter((entry) => entry.isDirectory() && /^\d+-\d+$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => dirname(dirname(dirname(path))) === instancesFolder);
}

type Outcome = 'stored' | 'left' | 'impossible';

async function drainOnce(
  folder: string,
  { collectorCommand, pidFiles, signal }: LeftSpoolsOptions & { signal: AbortSignal },
): Promise<Outcome> {
  if (signal.aborted) return 'left';
  const paths = collectorFolder(folder);
  const text = await readFile(paths.config, 'utf8').catch(() => undefined);
  // Ended before it had a collector.
  if (text === undefined) return 'stored';
  const config = join(folder, 'draining.yml');
  await writeFile(config, drainingConfig(text), { mode: 0o600 });
  const log = openLogFile(join(folder, 'logs', 'model-data-collector.log'));
  const [command = '', ...words] = collectorCommand;
  const child = startChild(
    { command, args: [...words, '--config', config], environment: inheritedEnvironment(process.env) },
    {
      // Of any length: the name is one of a file.
      name: `draining/${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`,
      stdio: ['ignore', 'ignore', 'pipe'],
      pidFiles,
    },
  );
  const end = (): void => void child.end(endGraceMs);
  signal.addEventListener('abort', end, { once: true });
  const stderr = child.process?.stderr;
  if (stderr !== undefined && stderr !== null) {
    createInterface({ input: stderr }).on('line', (line) => {
      log.writeLine(line);
      // It drains as long as its own limit says.
      if (isStartedLine(line)) child.process?.kill('SIGTERM');
    });
  }
  const { code } = await child.ended;
  signal.removeEventListener('abort', end);
  log.close();
  if (code === 0) return 'stored';
  return code === invalidConfigCode ? 'impossible' : 'left';
}

/** Lets `count` of them run at a time. */
function createTurns(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
