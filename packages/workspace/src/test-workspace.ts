/** A workspace in this process for tests, called over HTTP as clients do. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { pino } from 'pino';
import { z } from 'zod';

import { createMemoryRuntime } from './runtime-memory.ts';
import type { MemoryRuntime } from './runtime-memory.ts';
import { openWorkspace } from './workspace.ts';

export interface TestWorkspaceOptions {
  databaseUrl?: string;
  /** Goes on in the folder of an earlier one, which its owner removes. */
  folder?: string;
  runtime?: MemoryRuntime;
}

export interface TestWorkspace extends AsyncDisposable {
  folder: string;
  port: number;
  runtime: MemoryRuntime;
  /** Of the owner, which `call` sends where its headers have no other. */
  token: string;
  /** All lines of its log. */
  log(): string;
  /** A path below the workspace, or one that starts with `/subscriptions`. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** The same, and waits for the end of its operation; answers that. */
  settle(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: z.infer<typeof json>;
}

const json = z.record(z.string(), z.any());

export const workspaceId =
  '/subscriptions/0-0/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/w';

export async function startTestWorkspace(options: TestWorkspaceOptions = {}): Promise<TestWorkspace> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gleaner-workspace-')));
  const tokenPath = join(folder, 'owner-token');
  const runtime = options.runtime ?? createMemoryRuntime();
  let log = '';
  const logger = pino({ level: 'info' }, { write: (line: string) => void (log += line) });
  const workspace = await openWorkspace({
    dataFolder: folder,
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
    runtime,
    listen: { host: '127.0.0.1', port: 0 },
    publicUrl: 'http://gleaner.example:5080',
    names: { subscriptionId: '0-0', resourceGroup: 'local', workspace: 'w' },
    location: 'here',
    keepOwner: async ({ token }) => writeFile(tokenPath, token),
    logger,
  });
  const token = await readFile(tokenPath, 'utf8');
  const { port } = workspace;
  const call: TestWorkspace['call'] = async (method, path, { body, headers = {} } = {}) => {
    const url =
      path.startsWith('/subscriptions') || path.startsWith('//')
        ? path.replace('//', '/')
        : workspaceId + path;
    const isText = typeof body === 'string' || body === undefined;
    return send({
      port,
      method,
      path: url,
      text: isText ? (body ?? '') : JSON.stringify(body),
      headers: {
        authorization: `Bearer ${token}`,
        ...(isText ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  };
  return {
    folder,
    port,
    runtime,
    token,
    log: () => log,
    call,
    async settle(method, path, callOptions) {
      const answer = await call(method, path, callOptions);
      const operation = answer.headers['azure-asyncoperation'];
      if (operation === undefined) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      const { pathname } = new URL(operation);
      await until(async () => (await call('GET', pathname)).body['status'] !== 'InProgress');
      return call('GET', pathname);
    },
    async [Symbol.asyncDispose]() {
      await workspace.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(pollIntervalMs);
}

const pollIntervalMs = 5;

interface Sent {
  port: number;
  method: string;
  path: string;
  text: string;
  headers: Record<string, string>;
}

/** Paths and the Host header go as they are: `fetch` would tidy them up. */
async function send({ port, method, path, text, headers }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = { ...headers, 'content-length': String(Buffer.byteLength(text)) };
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers: sent }, (incoming) => {
      let answer = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (answer += chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: answer === '' ? {} : json.parse(JSON.parse(answer)),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
