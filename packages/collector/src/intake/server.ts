/** The intake: listens, and gives every connection its limits. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { bearerCheck, cannotListen, requireTokenBeyondLoopback } from '../access.ts';
import { Budget } from './budget.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { createTypeReader } from './modeldata.ts';
import { SharedReads } from './shared-reads.ts';

export interface IntakeOptions extends Omit<
  ConnectionOptions,
  'budget' | 'reads' | 'readType' | 'isAuthorized'
> {
  host: string;
  port: number;
  /** Senders must present it; required on any address but loopback. */
  token: string | undefined;
  /** Memory for bodies, of all connections together. */
  maxBufferedBytes: number;
}

export interface Intake extends AsyncDisposable {
  readonly port: number;
  /** Takes no new connection, answers what has come, and returns when all connections are closed. */
  close(): Promise<void>;
}

const checkIntervalMs = 1000;
/** How long open connections may take to end when the intake closes. */
const closeGraceMs = 2000;

/** Errors: `address_in_use`, `token_required`. */
export async function openIntake(options: IntakeOptions): Promise<Intake> {
  const { host, port, token } = options;
  requireTokenBeyondLoopback({ host, token, name: 'intake' });
  const isAuthorized = bearerCheck(token);
  const connections = new Set<Connection>();
  const connectionOptions: ConnectionOptions = {
    ...options,
    budget: new Budget(options.maxBufferedBytes),
    reads: new SharedReads(),
    readType: createTypeReader(),
    isAuthorized: (head) => isAuthorized(head.headers.get('authorization')),
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const connection = new Connection(socket, connectionOptions);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  const timer = setInterval(() => {
    const nowMs = options.now();
    for (const connection of connections) connection.checkTime(nowMs);
  }, checkIntervalMs).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      clearInterval(timer);
      reject(cannotListen({ host, port, name: 'intake' }, cause));
    });
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
  const close = async (): Promise<void> => {
    clearInterval(timer);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections) connection.close();
    const force = setTimeout(() => {
      for (const connection of connections) connection.destroy();
    }, closeGraceMs);
    await closed;
    clearTimeout(force);
  };
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}
