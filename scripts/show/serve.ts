import type { StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../interruption.ts';
import { startGroup } from '../process-group.ts';
import type { ProcessGroup } from '../process-group.ts';
import { gleaner, repository } from '../repository.ts';
import type { Example } from './example.ts';
import { printCommand, printWait } from './print.ts';

const readyTimeoutMs = 60_000;
const collectTimeoutMs = 30_000;
/** Longer than `gleaner run` takes to drain. */
const stopTimeoutMs = 40_000;

/** A model server under `gleaner run`. Disposing of it stops it, and what it had accepted by then is stored. */
export interface Served extends AsyncDisposable {
  url: string;
  /** Waits until the collector has accepted that many records: the Python SDK sends them behind the answers. */
  untilCollected(records: number): Promise<void>;
  /** An error that ends with what the server and the collector said last. */
  failure(what: string): Promise<Failure>;
  /** Lets the server finish and the collector store what it accepted. Rejects when either did not end well. */
  stop(): Promise<void>;
}

/** Starts an example on free ports and waits until it answers. What it says goes to a log, shown when it fails. */
export async function serve(example: Example, data: string, signal: AbortSignal): Promise<Served> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const where = ['--data', data, '--intake-port', '0', '--admin-port', `${adminPort}`];
  const command = ['run', '-f', example.deployment, ...where, '--', ...example.serve(port)];
  printCommand(['gleaner', ...command]);

  const logPath = await logFile(data);
  await using log = await open(logPath, 'w');
  const stdio: StdioOptions = ['ignore', log.fd, log.fd];
  const group = await startGroup([...gleaner, ...command], { cwd: repository, stdio, stopTimeoutMs });
  const failure = async (what: string) => {
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n').slice(-20);
    return new Failure(`${what}. The end of ${relative(repository, logPath)}:\n\n${lines.join('\n')}`);
  };
  let ending: Promise<number> | undefined;
  const end = () => (ending ??= endGroup(group, logPath));
  const stop = async () => {
    const code = await end();
    // A server that lets the signal end it is as well as one that ends by itself.
    if (code !== 0 && code !== 128 + constants.signals.SIGTERM) {
      throw await failure(`gleaner run ended with code ${code}`);
    }
  };
  try {
    using _ = printWait('the model server starts');
    const ended = group.exited.then(
      (code) => `gleaner run ended with code ${code} before the model server was ready`,
    );
    const problem = await untilReady(url, signal, ended);
    if (problem !== undefined) throw await failure(problem);
  } catch (error) {
    await end();
    throw error;
  }
  const untilCollected = async (records: number) => {
    const accepted = await untilAccepted(`http://127.0.0.1:${adminPort}/status`, records, signal);
    if (accepted < records) throw await failure(`the collector accepted ${accepted} of ${records} records`);
  };
  return { url, untilCollected, failure, stop, [Symbol.asyncDispose]: async () => void (await end()) };
}

/** With the data, because several shows may run at a time. */
async function logFile(data: string): Promise<string> {
  const folder = resolve(repository, data);
  await mkdir(folder, { recursive: true });
  return join(folder, '.start.log');
}

/** Stops `gleaner run`, and shows what it says at its end: how much was accepted, and where it is. */
async function endGroup(group: ProcessGroup, logPath: string): Promise<number> {
  const code = await group.stop();
  const said = (await readFile(logPath, 'utf8')).split('\n');
  const summary = said.findLast((line) => /^gleaner: \d+ records accepted/.test(line));
  if (summary !== undefined) console.log(summary);
  return code;
}

/** How many records the collector accepted, as soon as it is enough or too much time has passed. */
async function untilAccepted(statusUrl: string, records: number, signal: AbortSignal): Promise<number> {
  const deadline = Date.now() + collectTimeoutMs;
  for (;;) {
    const response = await fetch(statusUrl, { signal });
    const { collections } = (await response.json()) as { collections: Record<string, { accepted: number }> };
    const accepted = Object.values(collections).reduce((sum, collection) => sum + collection.accepted, 0);
    if (accepted >= records || Date.now() >= deadline) return accepted;
    await sleep(50, undefined, { signal });
  }
}

/** Resolves to the problem when the server ends before it answers, or takes too long. */
async function untilReady(
  url: string,
  signal: AbortSignal,
  ended: Promise<string>,
): Promise<string | undefined> {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    const answer = await fetch(url, { signal }).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return undefined;
    const problem = await Promise.race([ended, sleep(100, undefined, { signal })]);
    if (problem !== undefined) return problem;
  }
  return `the model server did not answer at ${url} within ${readyTimeoutMs / 1000} s`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error(`not a port: ${address}`);
  return address.port;
}
