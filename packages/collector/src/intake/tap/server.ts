/** The proxy port: clients talk to it, and the model server answers. */
import { connect, createServer, isIP } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { cannotListen } from '../../access.ts';
import type { ProxyRoute } from '../../config/proxy.ts';
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
  const passHttp1 = (client: Socket): Passage => {
    const passage = new TapConnection({ client, upstream: dial(route, 'http/1.1') }, context);
    client.on('close', () => passages.delete(passage));
    client.resume();
    return passage;
  };
  const passH2 = (client: Socket): Passage => {
    const passage: Passage = new H2Connection(client, {
      route: route.upstream,
      dial: () => dial(route, 'h2'),
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

function dial({ upstream: { host, port, isTls } }: ProxyRoute, protocol: 'http/1.1' | 'h2'): Socket {
  // A stream of HTTP/2 can be half closed, its connection cannot.
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: protocol === 'http/1.1' });
  if (!isTls) return socket;
  // Certificates may be for an address, but no address may be asked for by name.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ socket, host, ...name, ALPNProtocols: [protocol] });
}
