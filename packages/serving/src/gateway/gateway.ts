/** The gateway: one address for all endpoints and for the workspace. It holds nothing that a new one would miss. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';

import { refuse, unexpected } from './answers.ts';
import { passToWorkspace } from './control.ts';
import { exchange } from './exchange.ts';
import type { EndpointRequest, ExchangeContext, MirrorOutcome } from './exchange.ts';
import type { GatewayTable } from './messages.ts';
import { RoutingTable } from './table.ts';
import { endpointTarget } from './target.ts';
import { asksForWebSocket, webSocketResponse } from './web-socket.ts';

export interface GatewayOptions {
  /** In PEM. Without it no connection may want TLS. */
  tls?: { certificate: string | Buffer; key: string | Buffer };
  /** An instance left the table, and none of its requests is in flight. */
  onReleased?: (instance: string) => void;
  /** What became of a mirrored request. */
  onMirror?: (outcome: MirrorOutcome) => void;
  /** A bug of ours; its request was answered with 500. */
  onError?: (error: unknown) => void;
  /** Uniform in 0…1, 1 excluded. */
  random?: () => number;
}

export interface Gateway extends AsyncDisposable {
  /** An accepted connection, paused and not yet read. It waits for the first table. */
  handleConnection(socket: Socket, how?: { isTls: boolean }): void;
  /** Returns the version that decides from now on: an older table than the one in use changes nothing. */
  apply(table: GatewayTable): number;
  /** Answers what is under way, and closes every connection. */
  drain(): Promise<void>;
}

export function openGateway({
  tls,
  onReleased = () => undefined,
  onMirror = () => undefined,
  onError = () => undefined,
  random = Math.random,
}: GatewayOptions = {}): Gateway {
  const table = new RoutingTable(onReleased);
  const context: ExchangeContext = { table, random, onMirror };
  const sockets = new Set<Socket>();
  const early: { socket: Socket; server: Server }[] = [];
  let isDraining = false;
  const serve = (message: IncomingMessage, response: ServerResponse, more: More): void => {
    if (isDraining) response.shouldKeepAlive = false;
    const target = endpointTarget(message.url ?? '');
    const served =
      target === undefined
        ? passToWorkspace({ message, response, ...more }, table)
        : exchange({ message, response, ...target, ...more }, context);
    served.catch((error: unknown) => {
      onError(error);
      refuse(response, unexpected);
    });
  };
  const plainServer = createServer(serverOptions);
  const tlsServer =
    tls && createTlsServer({ ...serverOptions, ...tlsOptions, cert: tls.certificate, key: tls.key });
  const servers = tlsServer === undefined ? [plainServer] : [plainServer, tlsServer];
  for (const server of servers) {
    server.on('request', (message, response) => serve(message, response, { onBodyWanted: () => undefined }));
    server.on('checkContinue', (message: IncomingMessage, response: ServerResponse) =>
      serve(message, response, { onBodyWanted: () => response.writeContinue() }),
    );
    server.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
      const { response, onWebSocket } = webSocketResponse(message, { socket, head });
      serve(message, response, { onBodyWanted: () => undefined, onWebSocket });
    });
    // Sockets come from elsewhere, and so it never listens; but its limits on slow heads start with this.
    server.emit('listening');
  }
  const closeIdle = (): void => servers.forEach((server) => server.closeIdleConnections());
  const drain = async (): Promise<void> => {
    isDraining = true;
    for (const { socket } of early.splice(0)) socket.destroy();
    closeIdle();
    while (sockets.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, drainCheckMs));
      closeIdle();
    }
    table.close();
  };
  return {
    handleConnection(socket, { isTls } = { isTls: false }) {
      const server = isTls ? tlsServer : plainServer;
      if (isDraining || server === undefined) return void socket.destroy();
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.setNoDelay(true);
      if (table.version < 0) early.push({ socket, server });
      else start({ socket, server });
    },
    apply(next) {
      table.apply(next);
      for (const one of early.splice(0)) start(one);
      return table.version;
    },
    drain,
    async [Symbol.asyncDispose]() {
      isDraining = true;
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      table.close();
    },
  };
}

/** What depends on how a request came. */
type More = Pick<EndpointRequest, 'onBodyWanted' | 'onWebSocket'>;

const drainCheckMs = 20;

// A body may take as long as its deployment lets it; a head may not (Node's 60 s). Idle clients keep their connection for
// longer than they usually keep it themselves: a request must not meet one that is being closed.
const serverOptions = {
  noDelay: true,
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: 65_000,
  // Any other request to change the protocol is answered as if it was not there, as HTTP lets us.
  shouldUpgradeCallback: asksForWebSocket,
};
/** A client that does not go on with its handshake must not hold up the end of the gateway. */
const tlsOptions = { handshakeTimeout: 10_000, ALPNProtocols: ['http/1.1'] };

function start({ socket, server }: { socket: Socket; server: Server }): void {
  server.emit('connection', socket);
  socket.resume();
}
