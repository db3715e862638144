/** A whole root process in a test: real gateway, real collectors, programs of a few lines. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { CollectionPlan, DeploymentPlan, DeploymentStatus, EndpointRoute } from '@gleaner/workspace/api';
import { pino } from 'pino';

import { prepareCommand } from '../../programs/command-program.ts';
import type { PrepareProgram } from '../deployment.ts';
import { openSupervisor } from '../supervisor.ts';
import type { Supervisor, SupervisorOptions } from '../supervisor.ts';

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const gateway = pathOf('../../gateway/main.ts');
const workspace = pathOf('./workspace-stand-in.ts');
const gleaner = pathOf('../../../../cli/bin/gleaner.mjs');

export const key = 'a-key-of-the-endpoint';

/** Everything else than commands is tested with the programs. */
export const commandsOnly: PrepareProgram = (plan, options) => {
  if (plan.program.kind !== 'command') throw new Error('a command is expected');
  return prepareCommand({ ...plan, program: plan.program }, options);
};

export interface Served extends AsyncDisposable, Client {
  folder: string;
  supervisor: Supervisor;
}

export interface Client {
  apply(plan: DeploymentPlan): Promise<void>;
  remove(deployment: string): Promise<void>;
  route(endpoints: readonly EndpointRoute[]): Promise<void>;
  logs(deployment: string, container: string): Promise<string>;
  status(): Promise<readonly DeploymentStatus[]>;
  score(body: unknown): Promise<Response>;
}

/** A root process in this process, or for `given` as the folder one that goes on where another ended. */
export async function serve(given?: string): Promise<Served> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'gleaner-served-')));
  const supervisor = await openSupervisor(optionsIn(folder));
  await supervisor.ready;
  return {
    folder,
    supervisor,
    ...clientOf(supervisor.address.port),
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      if (given === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export function optionsIn(dataFolder: string): SupervisorOptions {
  const environment = { ...process.env };
  return {
    dataFolder,
    listen: { host: '127.0.0.1', port: 0 },
    workspaceProcess: () => ({ command: process.execPath, args: [workspace], environment }),
    gatewayProcess: { command: process.execPath, args: [gateway], environment },
    collectorCommand: [process.execPath, gleaner, 'collect'],
    prepareProgram: commandsOnly,
    logger: pino({ level: process.env['GLEANER_TEST_LOG'] ?? 'silent' }, process.stderr),
  };
}

/** Talks to the stand-in of the workspace through the gateway, and to the endpoint. */
export function clientOf(port: number): Client {
  const base = `http://127.0.0.1:${port}`;
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const value: unknown = await response.json();
    if (!response.ok) throw value;
    return value;
  };
  return {
    apply: async (plan) => void (await call('/apply', plan)),
    remove: async (deployment) => void (await call('/remove', { endpoint: 'iris', deployment })),
    route: async (endpoints) => void (await call('/route', endpoints)),
    logs: async (deployment, container) =>
      String(
        await call('/logs', {
          deployment: { endpoint: 'iris', deployment },
          options: { container, lines: 100 },
        }),
      ),
    status: async () => (await call('/status')) as readonly DeploymentStatus[],
    score: (body) =>
      fetch(`${base}/endpoints/iris/score`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}

/** Answers with its version, its process id and the body; ends when asked to. */
const server = `
const { createServer } = require('node:http');
console.log('version', process.env.VERSION, 'starts');
createServer((request, response) => {
  if (request.url === '/health') return response.end('good');
  let body = '';
  request.on('data', (text) => (body += text)).on('end', () => {
    const { takeBytes = 0 } = JSON.parse(body);
    if (takeBytes > 0) globalThis.taken = Buffer.alloc(takeBytes, 1);
    response.setHeader('content-type', 'application/json');
    const answer = JSON.stringify({ version: process.env.VERSION, pid: process.pid, body });
    setTimeout(() => response.end(answer), Number(process.env.DELAY_MS ?? 0));
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

/** A deployment of that server, collecting payloads and model_inputs below `folder`. */
export function planOf(folder: string, changes: Partial<DeploymentPlan> = {}): DeploymentPlan {
  const probe = {
    initialDelayMs: 10_000,
    periodMs: 10_000,
    timeoutMs: 2000,
    successThreshold: 1,
    failureThreshold: 30,
  };
  return {
    endpoint: 'iris',
    deployment: 'blue',
    id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/iris/deployments/blue',
    workspace: {
      subscriptionId: '00000000-0000-0000-0000-000000000000',
      resourceGroup: 'local',
      name: 'local',
    },
    instanceCount: 1,
    program: {
      kind: 'command',
      codeFolder: folder,
      command: [process.execPath, '-e', server],
      routes: { liveness: { path: '/health', port: 1 }, readiness: { path: '/health', port: 1 } },
    },
    environmentVariables: { VERSION: '1' },
    requests: { timeoutMs: 5000, maxConcurrentPerInstance: 20, maxQueueWaitMs: 500 },
    livenessProbe: probe,
    readinessProbe: probe,
    collector: {
      collections: collectionsOf('request', 'response', 'model_inputs'),
      rollingRate: 'hour',
      captureHeaders: [],
      datastores: { workspaceblobstore: { type: 'folder', path: join(folder, 'workspaceblobstore') } },
    },
    ...changes,
  };
}

export function collectionsOf(...names: string[]): Record<string, CollectionPlan> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        enabled: true,
        samplingRate: 1,
        path: `azureml://datastores/workspaceblobstore/paths/modelDataCollector/iris/blue/${name}`,
      },
    ]),
  );
}

export function routesTo(...deployments: string[]): EndpointRoute[] {
  const keyHash = createHash('sha256').update(key).digest('hex');
  const share = deployments.length === 0 ? 0 : 100 / deployments.length;
  return [
    {
      endpoint: 'iris',
      auth: { kind: 'key', keyHashes: [keyHash] },
      traffic: Object.fromEntries(deployments.map((name) => [name, share])),
      mirrorTraffic: {},
    },
  ];
}

/** Lines of a collection in the store. */
export async function storedLines(folder: string, collection: string): Promise<string[]> {
  const root = join(folder, 'workspaceblobstore', 'modelDataCollector', 'iris', 'blue', collection);
  const entries = await readdir(root, { recursive: true }).catch(() => []);
  const files = entries.filter((path) => path.endsWith('.jsonl'));
  const texts = await Promise.all(files.map((path) => readFile(join(root, path), 'utf8')));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

export interface Load {
  /** The version of each answer, in order. */
  answers: string[];
  failures: string[];
  stop(): Promise<void>;
}

/** Clients that ask one thing after the other until they are stopped. */
export function loadOn(served: Client, clients: number): Load {
  const load = { answers: [] as string[], failures: [] as string[] };
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const response = await served.score({ n: load.answers.length });
        const text = await response.text();
        if (response.ok) load.answers.push((JSON.parse(text) as { version: string }).version);
        else load.failures.push(`${response.status} ${text}`);
      } catch (error) {
        load.failures.push(String(error));
      }
    }
  };
  const running = Array.from({ length: clients }, client);
  return {
    ...load,
    async stop() {
      over.abort();
      await Promise.all(running);
    },
  };
}

export async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not so after ${timeoutMs} ms: ${String(isTrue)}`);
    await sleep(20);
  }
}

/** Whether a process runs; one that nobody took note of yet does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !stat.includes(') Z ');
}
