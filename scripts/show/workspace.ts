import type { StdioOptions } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import { Failure } from '../interruption.ts';
import { run, startGroup } from '../process-group.ts';
import { cacheFolder, gleaner, repository } from '../repository.ts';
import { printCommand, printWait } from './print.ts';

const standardUrl = 'http://127.0.0.1:5080';
const startTimeoutMs = 30_000;
const collectTimeoutMs = 30_000;
/** Longer than `gleaner up` takes to let requests finish and to drain. */
const stopTimeoutMs = 60_000;

/** `gleaner up` on a folder, and our own commands on it. */
export interface ShownWorkspace {
  readonly data: string;
  readonly url: string;
  /** Prints and runs a command as a user would, and gives its exit code. */
  run(words: readonly string[]): Promise<number>;
  /** The same once it is stopped, whatever stopped it. */
  runAfter(words: readonly string[]): Promise<number>;
  /** The same, and a {@link Failure} when it fails. */
  must(words: readonly string[]): Promise<void>;
  /** What a command answers in JSON; nothing is shown. */
  read(words: readonly string[]): Promise<unknown>;
  /** Records in the store. */
  recordCount(): Promise<number>;
  untilRecords(records: number): Promise<void>;
  /** An error that ends with what the workspace said last. */
  failure(what: string): Promise<Failure>;
  /** Says that it stays up, and waits for Ctrl-C. */
  untilStopped(): Promise<void>;
  /** Lets requests finish and stores what was accepted. */
  stop(): Promise<void>;
}

/** Starts it and waits until it answers. What it says goes to a log, shown when it fails. */
export async function startWorkspace(
  { data, listen }: { data: string; listen: string },
  signal: AbortSignal,
): Promise<ShownWorkspace> {
  const log = await openLog(data);
  const environments = relative(repository, join(cacheFolder, 'environments'));
  const words = ['up', '--data', data, '--listen', listen, '--environments', environments];
  printCommand(['gleaner', ...words]);
  const stdio: StdioOptions = ['ignore', log.fd, log.fd];
  const group = await startGroup([...gleaner, ...words], { cwd: repository, stdio, stopTimeoutMs });
  await log.close();
  const said = () => readFile(log.path, 'utf8');
  const failure = async (what: string) => {
    const lines = (await said()).trimEnd().split('\n').slice(-20).join('\n');
    return new Failure(`${what}. The end of ${relative(repository, log.path)}:\n\n${lines}`);
  };
  let ending: Promise<number> | undefined;
  const end = (): Promise<number> => (ending ??= group.stop());

  let url: string;
  try {
    using _ = printWait('the workspace starts');
    url = await untilUp(said, { ended: group.exited, failure, signal });
  } catch (error) {
    await end();
    throw error;
  }
  if (url !== standardUrl) console.log(pc.dim(`$ export GLEANER_SERVER=${url}`));
  const environment = { ...process.env, GLEANER_SERVER: url };
  const show = async (command: readonly string[], stopAt?: AbortSignal): Promise<number> => {
    console.log();
    printCommand(['gleaner', ...command]);
    return run([...gleaner, ...command], {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: repository,
      env: environment,
      signal: stopAt,
    });
  };
  const read = async (command: readonly string[]): Promise<unknown> => {
    signal.throwIfAborted();
    const [file, ...args] = [...gleaner, ...command, '-o', 'json'];
    const options = { cwd: repository, env: environment, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(file ?? '', args, options);
    if (status !== 0) throw new Failure(stderr);
    return JSON.parse(stdout) as unknown;
  };
  const recordCount = async (): Promise<number> => {
    const collections = (await read(['data', 'ls', data])) as { records: number }[];
    return collections.reduce((sum, { records }) => sum + records, 0);
  };
  return {
    data,
    url,
    run: (command) => show(command, signal),
    runAfter: (command) => show(command),
    async must(command) {
      if ((await show(command, signal)) !== 0) throw new Failure('');
    },
    read,
    recordCount,
    async untilRecords(records) {
      const deadline = Date.now() + collectTimeoutMs;
      for (;;) {
        const found = await recordCount();
        if (found >= records) return;
        if (Date.now() > deadline) throw await failure(`${found} of ${records} records are stored`);
        await sleep(200, undefined, { signal });
      }
    },
    failure,
    async untilStopped() {
      console.log(`\nThe workspace stays up at ${pc.bold(url)}; Ctrl-C ends it.`);
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        if (signal.aborted) reject(signal.reason as Error);
        void group.exited.then(async (code) => reject(await failure(`gleaner up ended with code ${code}`)));
      });
    },
    async stop() {
      if (signal.aborted) console.error('\nstopping; what was accepted is being stored');
      const code = await end();
      if (code !== 0 && !signal.aborted) throw await failure(`gleaner up ended with code ${code}`);
    },
  };
}

interface Log {
  path: string;
  fd: number;
  close(): Promise<void>;
}

/** With the data, because several shows may run at a time. */
async function openLog(data: string): Promise<Log> {
  const folder = resolve(repository, data);
  await mkdir(folder, { recursive: true });
  const path = join(folder, '.start.log');
  const file = await open(path, 'w');
  return { path, fd: file.fd, close: () => file.close() };
}

interface Waited {
  ended: Promise<number>;
  failure(what: string): Promise<Failure>;
  signal: AbortSignal;
}

async function untilUp(said: () => Promise<string>, { ended, failure, signal }: Waited): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    const found = /workspace is up at (http:\/\/\S+)/.exec(await said())?.[1];
    if (found !== undefined) return found;
    const code = await Promise.race([ended, sleep(50, undefined, { signal })]);
    if (code !== undefined) throw await failure(`gleaner up ended with code ${code}`);
  }
  throw await failure(`gleaner up did not start within ${startTimeoutMs / 1000} s`);
}
