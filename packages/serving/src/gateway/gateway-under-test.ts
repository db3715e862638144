/** For tests: a gateway with a port, models of a few lines, and a client that sees everything of an answer. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createPort } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { EndpointRoute, RequestLimits } from '@gleaner/workspace/api';

import { openGateway } from './gateway.ts';
import type { Gateway, GatewayOptions } from './gateway.ts';
import type { GatewayTable } from './messages.ts';

export const key = 'key-of-the-endpoint';
export const bearer = { authorization: `Bearer ${key}` };

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

export async function startModel(listener: RequestListener, port = 0): Promise<TestServer> {
  const server = createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Answers with what it was asked, as JSON. */
export const echo: RequestListener = (message, response) => {
  void bodyOf(message).then((body) => {
    const { method, url, headers } = message;
    response.end(JSON.stringify({ method, url, headers, body: body.toString() }));
  });
};

export interface TestTable {
  /** Ports of its ready instances by deployment. */
  deployments: Readonly<Record<string, readonly number[]>>;
  route?: Partial<EndpointRoute>;
  requests?: Partial<RequestLimits>;
  workspacePort?: number;
}

let version = 0;

/** An endpoint `iris`, whose traffic goes to `blue`. */
export function tableOf({ deployments, route, requests, workspacePort }: TestTable): GatewayTable {
  const auth = { kind: 'key' as const, keyHashes: [createHash('sha256').update(key).digest('hex')] };
  const limits = { timeoutMs: 5000, maxConcurrentPerInstance: 100, maxQueueWaitMs: 500, ...requests };
  version++;
  return {
    version,
    workspacePort,
    endpoints: [{ endpoint: 'iris', auth, traffic: { blue: 100 }, mirrorTraffic: {}, ...route }],
    deployments: Object.entries(deployments).map(([deployment, ports]) => ({
      endpoint: 'iris',
      deployment,
      requests: limits,
      instanceCount: Math.max(1, ports.length),
      instances: ports.map((port) => ({ name: `iris-${deployment}-${port}`, port })),
    })),
  };
}

export interface TestGateway extends AsyncDisposable {
  readonly port: number;
  readonly gateway: Gateway;
  use(table: TestTable): void;
  /** Instances that were released so far. */
  readonly released: readonly string[];
}

export async function startGateway(
  table: TestTable,
  { isRouted = true, ...options }: GatewayOptions & { isRouted?: boolean } = {},
): Promise<TestGateway> {
  const released: string[] = [];
  const gateway = openGateway({
    onError(error) {
      throw error;
    },
    onReleased: (instance) => void released.push(instance),
    ...options,
  });
  const server = createPort({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    gateway.handleConnection(socket),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { endpoints, ...first } = tableOf(table);
  gateway.apply(isRouted ? { ...first, endpoints } : first);
  return {
    gateway,
    released,
    port: (server.address() as AddressInfo).port,
    use: (next) => void gateway.apply(tableOf(next)),
    async [Symbol.asyncDispose]() {
      server.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

export interface Ask {
  method?: string;
  path?: string;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer | string;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
}

/** Over a connection of its own. */
export async function ask(
  port: number,
  { path = '/endpoints/iris/score', ...plan }: Ask = {},
): Promise<Answer> {
  const { method = 'POST', headers = bearer, body, signal } = plan;
  const options = { host: '127.0.0.1', port, path, method, headers, agent: false as const };
  const asking = request({ ...options, ...(signal !== undefined && { signal }) });
  asking.end(body);
  const [message] = (await once(asking, 'response')) as [IncomingMessage];
  const received = await bodyOf(message);
  const { statusCode: status = 0, trailers } = message;
  return { status, headers: message.headers, body: received, trailers };
}

/** The JSON of an answer. */
export function jsonOf({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

export function codeOf(answer: Answer): unknown {
  return (jsonOf(answer) as { error?: { code?: unknown } }).error?.code;
}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Waits until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited++) {
    if (waited > 1000) throw new Error(`It did not become so: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
