/** The proxy port: clients talk to it, and the model server answers. */
import { connect, createServer, isIP } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { cannotListen } from '../../access.ts';
import type { ProxyRoute } from '../../config/proxy.ts';
import { TapConnection } from './connection.ts';
import type { TapContext } from './connection.ts';

export interface TapOptions extends TapContext {
  route: ProxyRoute;
}

export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** Takes no new connection, lets what is under way come to its end for a while, and closes. */
  close(): Promise<void>;
}

const closeGraceMs = 5000;
const closeCheckMs = 50;

/** Error: `address_in_use`. */
export async function openTap({ route, ...context }: TapOptions): Promise<Tap> {
  const { host, port } = route;
  const connections = new Set<TapConnection>();
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = dial(route);
    const connection = new TapConnection({ client, upstream }, context);
    connections.add(connection);
    client.on('close', () => connections.delete(connection));
    client.resume();
  });
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
    while (connections.size > 0) {
      for (const connection of connections)
        if (connection.isIdle || Date.now() >= deadline) connection.destroy();
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

function dial({ upstream: { host, port, isTls } }: ProxyRoute): Socket {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  if (!isTls) return socket;
  // Certificates may be for an address, but no address may be asked for by name.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ socket, host, ...name, ALPNProtocols: ['http/1.1'] });
}
