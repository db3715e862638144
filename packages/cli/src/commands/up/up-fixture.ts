/** A workspace as a user has it: `gleaner up` as a process, and `gleaner ml` beside it. For tests. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { gleaner, startGleaner } from '../../gleaner-process.ts';
import type { Ended, Running } from '../../gleaner-process.ts';

const repository = join(import.meta.dirname, '../../../../..');

export const examples = join(repository, 'examples');
export const fixtures = join(repository, 'spec/fixtures');

/** Disposing of it stops it as Ctrl-C does, and removes its folder. */
export interface UpWorkspace extends AsyncDisposable {
  readonly url: string;
  readonly data: string;
  /** Where the tokens of its user are. */
  readonly config: string;
  readonly root: Running;
  /** Runs `gleaner <words>` on this workspace; fails the test when the command fails. */
  run(words: Words): Promise<string>;
  /** The same with whatever end. */
  tried(words: Words): Promise<Ended>;
  /** The answer of a command in JSON. */
  json<T>(words: Words): Promise<T>;
  /** Posts to an endpoint as its clients do. */
  score(endpoint: string, body: unknown, options?: ScoreOptions): Promise<Response>;
  /** Records of a collection in the workspace's own store, as soon as there are that many. */
  records(collection: string, atLeast?: number): Promise<StoredLine[]>;
  /** Ends the root, and starts it again on the same folder; with `flags` of `gleaner up`. */
  restart(signal: NodeJS.Signals, flags?: readonly string[]): Promise<void>;
}

/** A list, or a text that is split at blanks. */
export type Words = string | readonly string[];

export interface ScoreOptions {
  headers?: Record<string, string>;
  path?: string;
}

export type StoredLine = Record<string, unknown> & { correlationid: string; data: unknown };

export interface UpOptions {
  environment?: Record<string, string>;
  /** More words for its first start. */
  flags?: readonly string[];
}

const recordsTimeoutMs = 20_000;

export async function startUp(options: UpOptions = {}): Promise<UpWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-up-'));
  const config = join(folder, 'config');
  const environment = { GLEANER_CONFIG_DIR: config, ...options.environment };
  const data = join(folder, 'data');
  const environments = join(repository, '.cache/environments');
  const start = (listen: string, flags: readonly string[] = []): Running =>
    startGleaner(['up', '--data', data, '--listen', listen, '--environments', environments, ...flags], {
      folder,
      environment,
    });
  let root = start('127.0.0.1:0', options.flags);
  const [, url = ''] = await root.until(/workspace is up at (http:\/\/\S+)/);
  const keys = new Map<string, string>();
  const tried = (words: Words): Promise<Ended> =>
    gleaner(listOf(words), { folder, environment: { GLEANER_CONFIG_DIR: config, GLEANER_SERVER: url } });
  const run = async (words: Words): Promise<string> => {
    const { exitCode, stdout, stderr } = await tried(words);
    if (exitCode !== 0)
      throw new Error(`gleaner ${listOf(words).join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
    return stdout;
  };
  const json = async <T>(words: Words): Promise<T> =>
    JSON.parse(await run([...listOf(words), '-o', 'json'])) as T;
  return {
    url,
    data,
    config,
    get root() {
      return root;
    },
    run,
    tried,
    json,
    async score(endpoint, body, { headers = {}, path = '/score' } = {}) {
      let key = keys.get(endpoint);
      if (key === undefined) {
        const { primaryKey } = await json<{ primaryKey: string }>(
          `ml online-endpoint get-credentials -n ${endpoint}`,
        );
        keys.set(endpoint, (key = primaryKey));
      }
      return fetch(`${url}/endpoints/${endpoint}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    },
    async records(collection, atLeast = 1) {
      const place = join(data, 'workspaceblobstore/modelDataCollector', collection);
      const deadline = Date.now() + recordsTimeoutMs;
      for (;;) {
        const lines = await linesBelow(place);
        if (lines.length >= atLeast || Date.now() > deadline) return lines;
        await sleep(100);
      }
    },
    async restart(signal, flags = []) {
      root.kill(signal);
      await root.ended;
      root = start(new URL(url).host, flags);
      await root.until(/workspace is up at/);
    },
    async [Symbol.asyncDispose]() {
      root.kill('SIGTERM');
      await root.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const listOf = (words: Words): readonly string[] => (typeof words === 'string' ? words.split(/\s+/) : words);

async function linesBelow(folder: string): Promise<StoredLine[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => readFile(join(folder, name), 'utf8')),
  );
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredLine);
}
