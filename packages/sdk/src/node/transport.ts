import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

import type { Answer, EventRequest, Transport } from '../core/ports.ts';
import type { Endpoint } from './environment.ts';

export interface TransportOptions extends Endpoint {
  connections: number;
  /** From the first byte sent to the last one received; an answer that takes longer counts as none. */
  timeoutMs: number;
}

/**
 * Posts to the collector over connections that stay open. A connection keeps the process alive only while an event is on it.
 * Proxies named by the environment are not used: the collector stands beside its model server.
 */
export function createTransport({ connections, timeoutMs, ...endpoint }: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = { ...endpoint, agent, path: '/modeldata/log', method: 'POST' };

  async function post({ headers, body }: EventRequest, signal: AbortSignal): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const outgoing = request({
      ...target,
      signal,
      headers: { ...headers, 'content-length': body.byteLength },
    });
    const late = () => outgoing.destroy(new Error(`no answer came within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    outgoing.on('error', (cause) => resolve({ kind: 'unanswered', cause }));
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('response', (incoming) => void readAnswer(incoming).then(resolve));
    outgoing.end(body);
    return await promise;
  }

  return { post, release: () => agent.destroy() };
}

const longestText = 4096;

/** The status is the answer; its text only explains it, so it may be cut short. */
async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let body = '';
  incoming.setEncoding('utf8');
  incoming.on('data', (text: string) => {
    if (body.length < longestText) body += text;
  });
  // The status stands, whatever becomes of the text; 'close' follows.
  incoming.on('error', () => undefined);
  incoming.once('close', resolve);
  await promise;
  const { statusCode = 0, headers } = incoming;
  return { kind: 'answered', status: statusCode, retryAfter: headers['retry-after'], body };
}
