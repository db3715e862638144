/** The proxy port: clients talk to it, and the model server answers. */
import { connect, createServer, isIP } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { cannotListen } from '../../access.ts';
import type { ProxyRoute } from '../../config/proxy.ts';
import { SharedReads } from '../shared-reads.ts';
import { TapConnection } from './connection.ts';
import type { TapContext } from './connection.ts';
import { H2Connection } from './h2/connection.ts';
import type { H2Context } from './h2/connection.ts';
import { whenProtocolKnown } from './h2/preface.ts';

export interface TapOptions extends TapContext, H2Context {
  route: ProxyRoute;
}

export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** Takes no new connection, lets what is under way come to its end for a while, and closes. */
  close(): Promise<void>;
}

/** A connection of a client, whatever it speaks. */
interface Passage {
  /** It may be closed without anybody noticing. */
  readonly isIdle: boolean;
  /** Tells the client that no new request is taken, where the protocol has words for that. */
  drain?(): void;
  destroy(): void;
}

const closeGraceMs = 5000;
const closeCheckMs = 50;

/** Error: `address_in_use`. */
export async function openTap({ route, ...context }: TapOptions): Promise<Tap> {
  const { host, port } = route;
  const passages = new Set<Passage>();
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const silent: Passage = { isIdle: true, destroy: () => client.destroy() };
    passages.add(silent);
    client.on('close', () => passages.delete(silent));
    whenProtocolKnown(client, (protocol) => {
      passages.delete(silent);
      passages.add(protocol === 'h2' ? passH2(client) : passHttp1(client));
    });
  });
  const reads = new SharedReads();
  // The shared buffer is used again at once, and a write may take its time: what is passed on is a copy.
  const passHttp1 = (accepted: Socket): Passage => {
    const first = accepted.read() as Buffer | null;
    const client = reads.adopt(accepted, (bytes) => passage.fromClient(Buffer.from(bytes)));
    const upstream = dialHttp1(route, { reads, onBytes: (bytes) => passage.fromUpstream(bytes) });
    const passage = new TapConnection({ client, upstream }, context);
    client.on('close', () => passages.delete(passage));
    if (first !== null) passage.fromClient(first);
    client.resume();
    return passage;
  };
  const passH2 = (client: Socket): Passage => {
    const passage: Passage = new H2Connection(client, {
      route: route.upstream,
      dial: () => dialH2(route),
      context,
      onClosed: () => passages.delete(passage),
    });
    return passage;
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(cannotListen({ host, port, name: 'proxy', setting: '--proxy, or proxy' }, cause)),
    );
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const deadline = Date.now() + closeGraceMs;
    for (const passage of passages) passage.drain?.();
    while (passages.size > 0) {
      for (const passage of passages) if (passage.isIdle || Date.now() >= deadline) passage.destroy();
      await new Promise((resolve) => setTimeout(resolve, closeCheckMs));
    }
    await closed;
  };
  return {
    port: (server.address() as AddressInfo).port,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function dialHttp1(
  route: ProxyRoute,
  { reads, onBytes }: { reads: SharedReads; onBytes: (bytes: Buffer) => void },
): Socket {
  const { host, port, isTls } = route.upstream;
  const options = { host, port, noDelay: true, allowHalfOpen: true };
  if (isTls) return secured(connect(options), route, 'http/1.1').on('data', onBytes);
  return connect({ ...options, onread: reads.onread((bytes) => onBytes(Buffer.from(bytes))) });
}

function dialH2(route: ProxyRoute): Socket {
  const { host, port, isTls } = route.upstream;
  // A stream of HTTP/2 can be half closed, its connection cannot.
  const socket = connect({ host, port, noDelay: true });
  return isTls ? secured(socket, route, 'h2') : socket;
}

function secured(socket: Socket, { upstream: { host } }: ProxyRoute, protocol: 'http/1.1' | 'h2'): Socket {
  // Certificates may be for an address, but no address may be asked for by name.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ socket, host, ...name, ALPNProtocols: [protocol] });
}
