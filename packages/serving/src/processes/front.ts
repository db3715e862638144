/** The listening sockets. They stay open while the gateway is started again; connections wait here meanwhile. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { GleanerError } from '@gleaner/protocol';
import type { Logger } from 'pino';

import type { FromGateway, GatewayTable, ToGateway } from '../gateway/messages.ts';
import { keepChild } from './child.ts';
import type { ChildCommand, KeptChild } from './child.ts';
import { RuntimeError } from './failure.ts';
import type { PidFiles } from './pid-files.ts';
import { watchHangs } from './watch-hangs.ts';

export interface FrontOptions {
  listen: { host: string; port: number };
  /** For connections that want TLS, which the gateway speaks. */
  listenTls?: { host: string; port: number } | undefined;
  gateway: ChildCommand;
  pidFiles: PidFiles;
  logger: Logger;
}

/** Everything but the version, which is given here. */
export type TableContent = Omit<GatewayTable, 'version'>;

const maxWaiting = 10_000;
const maxEndsAtStart = 3;
/** Every client waits for it. */
const backoff = { maxMs: 1000, stableMs: 10_000 };
const appliedTimeoutMs = 5000;
const drainGraceMs = 30_000;
const hang = { intervalMs: 2000, maxMissed: 5 };

/** Errors: `address_in_use`. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const server = await listen(options.listen, '--listen');
  if (options.listenTls === undefined) return new Front({ server }, options);
  try {
    return new Front({ server, tlsServer: await listen(options.listenTls, '--tls-listen') }, options);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function listen({ host, port }: { host: string; port: number }, flag: string): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new GleanerError('address_in_use', `Something listens on ${host}:${port} already.`, {
      fix: `End it, or choose another port with ${flag}.`,
      cause: error,
    });
  }
  return server;
}

interface Arrival {
  socket: Socket;
  isTls: boolean;
}

export class Front {
  readonly #server: Server;
  readonly #tlsServer: Server | undefined;
  readonly #gateway: KeptChild;
  readonly #waiting: Arrival[] = [];
  /** Given to Node to be sent, which sends them one by one. */
  readonly #handed = new Set<Arrival>();
  /** Instances that the gateway has had in a table and did not report as released. */
  readonly #known = new Set<string>();
  readonly #releases = new Map<string, PromiseWithResolvers<void>>();
  readonly #applied = new Map<number, PromiseWithResolvers<void>>();
  readonly #ready = Promise.withResolvers<void>();
  #child: ChildProcess | undefined;
  #table: GatewayTable = { version: 0, deployments: [] };

  constructor(
    { server, tlsServer }: { server: Server; tlsServer?: Server },
    { gateway, pidFiles, logger }: FrontOptions,
  ) {
    this.#server = server;
    this.#tlsServer = tlsServer;
    for (const one of tlsServer === undefined ? [server] : [server, tlsServer]) {
      one.on('connection', (socket) => {
        socket.on('error', () => undefined);
        this.#take({ socket, isTls: one === tlsServer });
      });
      one.on('error', (error) => logger.error({ err: error }, 'a connection could not be taken'));
    }
    this.#ready.promise.catch(() => undefined);
    let ends = 0;
    this.#gateway = keepChild({
      name: 'gateway',
      pidFiles,
      stdio: ['ignore', 2, 2, 'ipc'],
      command: () => gateway,
      backoff,
      onStarted: (child) => {
        logger.info({ pid: child.pid }, 'gateway starts');
        watchHangs(child, {
          ...hang,
          onHung: () => {
            logger.error({ pid: child.pid }, 'the gateway hangs: it is started again');
            this.#gateway.restart(0);
          },
        });
        child.on('message', (message: FromGateway) => this.#hear(child, message));
        child.once('disconnect', () => this.#takeBack());
      },
      onEnded: (end) => {
        logger[this.#server.listening ? 'error' : 'info']({ ...end }, 'gateway ended');
        this.#forgetGateway();
        if (++ends < maxEndsAtStart) return;
        this.#ready.reject(
          new RuntimeError({ code: 'gateway_failed', message: 'The gateway process does not start.' }),
        );
      },
    });
    this.#gateway.start();
  }

  get address(): AddressInfo {
    return addressOf(this.#server);
  }

  get tlsAddress(): AddressInfo | undefined {
    return this.#tlsServer === undefined ? undefined : addressOf(this.#tlsServer);
  }

  /** Resolves once a gateway takes connections. Error: `gateway_failed`. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get gatewayPid(): number | undefined {
    return this.#gateway.pid;
  }

  /** Resolves when the gateway decides by it, or is away and will: it then starts with it. */
  async publish(content: TableContent): Promise<void> {
    const { version, ...before } = this.#table;
    if (!isDeepStrictEqual(before, content)) {
      this.#table = { ...content, version: version + 1 };
      if (this.#child !== undefined) this.#sendTable(this.#child);
    }
    await this.#applied.get(this.#table.version)?.promise;
  }

  /** Resolves when no request of the gateway is at the instance, at the latest after `timeoutMs`. */
  async released(instance: string, timeoutMs: number): Promise<void> {
    if (!this.#known.has(instance)) return;
    const release = this.#releases.get(instance) ?? Promise.withResolvers<void>();
    this.#releases.set(instance, release);
    const timeout = new AbortController();
    await Promise.race([
      release.promise,
      sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  /** Takes no connection any more; the gateway answers what is under way. */
  async close(): Promise<void> {
    this.#server.close();
    this.#tlsServer?.close();
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    const child = this.#child;
    // One that is only starting hears nothing yet.
    const ended = child === undefined ? this.#gateway.stop(0) : this.#gateway.stopAfter(drainGraceMs);
    if (child !== undefined) send(child, { kind: 'drain' });
    await ended;
  }

  #take(arrival: Arrival): void {
    if (this.#child?.connected === true) return this.#handOver(this.#child, arrival);
    if (this.#waiting.length >= maxWaiting || !this.#server.listening) {
      arrival.socket.destroy();
      return;
    }
    this.#waiting.push(arrival);
  }

  #handOver(child: ChildProcess, arrival: Arrival): void {
    const { socket, isTls } = arrival;
    const message: ToGateway = isTls ? { kind: 'connection', isTls } : { kind: 'connection' };
    this.#handed.add(arrival);
    // Our end of it is closed when it is on its way, and not before: until then another gateway may get it.
    child.send(message, socket, { keepOpen: true }, (error) => {
      if (!this.#handed.delete(arrival)) return;
      if (error === null) socket.destroy();
      else this.#take(arrival);
    });
  }

  #hear(child: ChildProcess, message: FromGateway): void {
    switch (message.kind) {
      case 'ready':
        this.#child = child;
        this.#ready.resolve();
        this.#sendTable(child);
        for (const arrival of this.#waiting.splice(0)) this.#handOver(child, arrival);
        return;
      case 'applied':
        for (const [version, applied] of this.#applied) {
          if (version > message.version) continue;
          this.#applied.delete(version);
          applied.resolve();
        }
        return;
      case 'released':
        this.#known.delete(message.instance);
        this.#releases.get(message.instance)?.resolve();
        this.#releases.delete(message.instance);
        return;
      case 'pong':
        return;
    }
  }

  #sendTable(child: ChildProcess): void {
    const { version, deployments } = this.#table;
    for (const { instances } of deployments) for (const { name } of instances) this.#known.add(name);
    const applied = Promise.withResolvers<void>();
    this.#applied.set(version, applied);
    setTimeout(applied.resolve, appliedTimeoutMs).unref();
    send(child, { kind: 'table', table: this.#table });
  }

  /** Node forgets what it did not send, and does not always tell that the channel is gone. */
  #takeBack(): void {
    const arrivals = [...this.#handed];
    this.#handed.clear();
    for (const arrival of arrivals) this.#take(arrival);
  }

  #forgetGateway(): void {
    this.#child = undefined;
    this.#known.clear();
    for (const wait of [...this.#applied.values(), ...this.#releases.values()]) wait.resolve();
    this.#applied.clear();
    this.#releases.clear();
    this.#takeBack();
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without an address');
  return address;
}

/** Fails only when the process is ending, which its end tells. */
function send(child: ChildProcess, message: ToGateway): void {
  if (child.connected) child.send(message, () => undefined);
}
