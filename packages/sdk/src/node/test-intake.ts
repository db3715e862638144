/** What the tests of this folder send their events to, and send them with. Imported by tests only. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { CollectorError } from '../core/errors.ts';
import { Collector } from './collector.ts';
import type { NodeCollectorOptions } from './collector.ts';
import { createNodeEngine } from './engine.ts';
import type { NodeEngineOptions } from './engine.ts';

export interface Posted {
  headers: IncomingHttpHeaders;
  body: string;
  /** Which post of the same event this is, from 1. */
  attempt: number;
}

export type Reply = (post: Posted, response: ServerResponse) => void;
export const accept: Reply = (_post, response) => void response.end('ok');
export const hang: Reply = () => undefined;
export const drop: Reply = (_post, response) => void response.socket?.destroy();

/** A collector's intake on the loopback that answers as told, and remembers what it was sent. */
export async function openIntake(reply: Reply = accept) {
  const posts: Posted[] = [];
  const attempts = new Map<string, number>();
  let opened = 0;
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { headers } = request;
    const trace = String(headers['trace-id']);
    const attempt = (attempts.get(trace) ?? 0) + 1;
    attempts.set(trace, attempt);
    const post = { headers, body: await text(request), attempt };
    posts.push(post);
    reply(post, response);
  };
  const server = createServer((request, response) => void receive(request, response));
  server.on('connection', () => opened++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    posts,
    /** How often each event came, by trace id. */
    attempts,
    environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_PORT: String(port) },
    /** Connections made to it so far. */
    opened: () => opened,
    /** Resolves once all of them are closed. */
    async left() {
      const getConnections = promisify(server.getConnections.bind(server));
      while ((await getConnections()) > 0) await setTimeout(1);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A collector with an engine of its own, which remembers what `onError` was told. */
export function openCollector(options: NodeEngineOptions, given: Partial<NodeCollectorOptions> = {}) {
  const errors: CollectorError[] = [];
  const engine = createNodeEngine(options);
  const onError = (error: CollectorError) => void errors.push(error);
  const collector = new Collector({ name: 'model_inputs', onError, engine, ...given });
  return { collector, engine, errors };
}

export const ids = (errors: readonly CollectorError[]) => errors.map(({ correlationId }) => correlationId);
