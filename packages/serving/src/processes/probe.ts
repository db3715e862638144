import { request } from 'node:http';
import { connect } from 'node:net';

export interface ProbeTarget {
  /** On 127.0.0.1. */
  port: number;
  /** Without one, a connection that is accepted is enough. */
  path?: string | undefined;
}

/**
 * Whether the program answers with 2xx or 3xx within the time. Every probe has a connection of its own: one that stays open
 * would occupy a server of one thread.
 */
export async function probe(target: ProbeTarget, timeoutMs: number): Promise<boolean> {
  return target.path === undefined
    ? probeConnection(target.port, timeoutMs)
    : probePath({ port: target.port, path: target.path }, timeoutMs);
}

function probePath({ port, path }: { port: number; path: string }, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const signal = AbortSignal.timeout(timeoutMs);
  request({ host: '127.0.0.1', port, path, agent: false, signal }, (response) => {
    const { statusCode = 0 } = response;
    response.on('error', () => undefined).resume();
    resolve(statusCode >= 200 && statusCode < 400);
  })
    .on('error', () => resolve(false))
    .end();
  return promise;
}

function probeConnection(port: number, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs })
    .on('connect', () => resolve(true))
    .on('timeout', () => resolve(false))
    .on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
