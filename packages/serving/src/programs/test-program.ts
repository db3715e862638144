/** Runs prepared programs in tests, with a stand-in for the collector that they report to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PreparedProgram } from './prepared-program.ts';

/** Kept from one run to the next: making an environment takes a while. */
export const environmentsFolder = join(import.meta.dirname, '../../../../.cache/environments');

export interface RunningProgram extends AsyncDisposable {
  url: string;
  port: number;
  /** All it wrote. */
  output(): string;
  /** Its exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals | null>;
  stop(): void;
}

/** Resolves when the program answers its readiness route, or has ended. */
export async function startProgram(
  prepared: PreparedProgram,
  variables: Record<string, string> = {},
): Promise<RunningProgram> {
  const { command, cwd, environment, port, routes } = await prepared.commandOn(await freePort());
  const [file, ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: { ...environment, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new AbortController();
  const exited = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    ended.abort();
    return code ?? signal ?? null;
  });
  const url = `http://127.0.0.1:${port}`;
  while (!ended.signal.aborted && !(await answers(`${url}${routes.readiness?.path ?? '/'}`))) await sleep(50);
  return {
    url,
    port,
    output: () => output,
    exited,
    stop: () => void child.kill('SIGTERM'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const lastResort = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(lastResort);
    },
  };
}

export interface CollectedEvent {
  type: string;
  id: string;
  rows: string;
}

export interface Intake extends AsyncDisposable {
  /** What makes the SDK of a program report here, with these collections on. */
  variables: Record<string, string>;
  /** The next events, in the order they came; what comes later is for the next call. */
  take(count: number): Promise<CollectedEvent[]>;
}

/** Takes events as a collector does. */
export async function startIntake(...collections: string[]): Promise<Intake> {
  const events: CollectedEvent[] = [];
  const server = createServer((request, response) => {
    text(request)
      .then((rows) => {
        const [type, id] = ['ce-type', 'ce-x-request-id'].map((name) => String(request.headers[name] ?? ''));
        events.push({ type: type ?? '', id: id ?? '', rows });
        response.end();
      })
      .catch(() => response.destroy());
  });
  const port = await portOf(server);
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-intake-'));
  const path = join(folder, 'mdc-config.json');
  const enabled = collections.map((name) => [name, { enabled: true, sampleRatePercentage: 100 }]);
  await writeFile(path, JSON.stringify({ collections: Object.fromEntries(enabled) }));
  return {
    variables: { AZUREML_MDC_CONFIG_PATH: path, AZUREML_MDC_PORT: String(port) },
    async take(count) {
      while (events.length < count) await sleep(20);
      return events.splice(0, count);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('the server has no port');
  return address.port;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
