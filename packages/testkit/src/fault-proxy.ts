/**
 * An HTTP/1.1 proxy in front of a store's server, on which the way there or the server itself fails on request. Requests pass as
 * they came, Host included: a client that is told the proxy's address as its endpoint signs for that, and the signature holds.
 */
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpFaultKinds } from './http-faults.ts';
import type { HttpFault, HttpFaultPlan, StoreRequest } from './http-faults.ts';
import { storeAnswer } from './store-answers.ts';
import type { StoreService } from './store-answers.ts';

export interface FaultProxyOptions {
  /** Address of the server: `http://127.0.0.1:<port>`. */
  target: string;
  /** Whose words refusals are in. */
  service: StoreService;
  /** What goes wrong while the store is up. Default: nothing. */
  plan?: HttpFaultPlan;
}

export interface FaultProxy extends AsyncDisposable {
  /** Address for the client: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Requests by what became of them. Those that found no connection while it was down are not among them. */
  readonly counts: Readonly<Record<'pass' | HttpFault['kind'], number>>;
  /** From now on no connection lives. Each of these takes the place of the one before and of the plan. */
  down(): void;
  /** From now on nobody may do anything: permission was withdrawn. */
  deny(): void;
  /** Back to the plan. */
  up(): void;
  /** From now on nothing goes wrong. */
  calm(): void;
  /** Ends every connection, and waits until what is to be applied late has been. Once is enough; twice does no harm. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new HttpFaultProxy(options);
  await proxy.listen();
  return proxy;
}

/** Clients keep their connections as long as they like. */
const keepAliveTimeoutMs = 120_000;

class HttpFaultProxy implements FaultProxy {
  readonly counts = Object.fromEntries(
    ['pass' as const, ...httpFaultKinds].map((kind) => [kind, 0]),
  ) as Record<'pass' | HttpFault['kind'], number>;
  readonly #target: URL;
  readonly #service: StoreService;
  readonly #plan: HttpFaultPlan;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #atWork = new Set<Promise<unknown>>();
  #present: HttpFaultPlan | 'down';
  #endpoint = '';
  #requests = 0;
  #ended: Promise<void> | undefined;

  constructor({ target, service, plan = () => undefined }: FaultProxyOptions) {
    this.#target = new URL(target);
    this.#service = service;
    this.#plan = plan;
    this.#present = plan;
    this.#server = createServer(
      { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 },
      (incoming, response) => this.#take(incoming, response),
    );
    this.#server.on('connection', (socket) => {
      if (this.#present === 'down') socket.destroy();
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    this.#endpoint = `http://127.0.0.1:${address.port}`;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  down(): void {
    this.#present = 'down';
    this.#server.closeAllConnections();
  }

  deny(): void {
    this.#present = () => ({ kind: 'refuse', why: 'permission withdrawn' });
  }

  up(): void {
    this.#present = this.#plan;
  }

  calm(): void {
    this.#present = () => undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.allSettled(this.#atWork);
    this.#agent.destroy();
    await closed;
  }

  #take(incoming: IncomingMessage, response: ServerResponse): void {
    this.#requests++;
    const { method = 'GET', url: path = '/', headers } = incoming;
    const bodyBytes = Number(headers['content-length'] ?? 0);
    const request: StoreRequest = { method, path, bodyBytes, number: this.#requests };
    const fault = this.#present === 'down' ? { kind: 'cut before' as const } : this.#present(request);
    this.counts[fault?.kind ?? 'pass']++;
    // Either side may be gone at any time, by our own doing above all: then the other one goes, too.
    const { socket } = incoming;
    const exchange = { incoming, response, socket, bodyBytes };
    const work = this.#serve(exchange, fault).catch(() => void socket.destroy());
    this.#atWork.add(work);
    void work.finally(() => this.#atWork.delete(work));
  }

  async #serve(exchange: Exchange, fault: HttpFault | undefined): Promise<void> {
    const { incoming, response, socket, bodyBytes } = exchange;
    switch (fault?.kind) {
      case undefined:
        return this.#giveBack(await this.#forward(incoming, incoming), response);
      case 'cut before':
        return void socket.destroy();
      case 'tear':
        await this.#tear(incoming, Math.floor(bodyBytes * fault.share));
        return void socket.destroy();
      case 'lose answer':
        await discard(await this.#forward(incoming, incoming));
        return void socket.destroy();
      case 'hold answer':
        await discard(await this.#forward(incoming, incoming));
        return hangUp(socket);
      case 'apply late': {
        const body = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
        await hangUp(socket);
        await sleep(fault.afterMs);
        return discard(await this.#forward(incoming, body));
      }
      case 'fail': {
        const { status, retryAfterSeconds } = fault;
        const retryAfter = retryAfterSeconds !== undefined && { 'retry-after': `${retryAfterSeconds}` };
        const answer = storeAnswer(this.#service, status);
        return refuse(exchange, { ...answer, headers: { ...answer.headers, ...retryAfter } });
      }
      case 'refuse':
        return refuse(exchange, storeAnswer(this.#service, fault.why));
    }
  }

  /** Resolves once the server answers, which may be before it has the whole body. */
  async #forward(incoming: IncomingMessage, body: Readable | Iterable<Uint8Array>): Promise<IncomingMessage> {
    const outgoing = this.#request(incoming);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
    });
    const sent = pipeline(body, outgoing);
    sent.catch(() => undefined);
    return answered;
  }

  /** Sends the head and the first `keptBytes` of the body, if there is one, and ends the connection. */
  async #tear(incoming: IncomingMessage, keptBytes: number): Promise<void> {
    if (incoming.headers['content-length'] === undefined) return;
    const outgoing = this.#request(incoming);
    outgoing.on('error', () => undefined);
    outgoing.flushHeaders();
    let left = keptBytes;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (part.length > 0) await new Promise((resolve) => outgoing.write(part, resolve));
      if (left === 0) break;
    }
    outgoing.destroy();
  }

  #request({ method, url, rawHeaders }: IncomingMessage) {
    const { hostname, port } = this.#target;
    return httpRequest({ hostname, port, method, path: url, headers: rawHeaders, agent: this.#agent });
  }

  async #giveBack(answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const { statusCode = 502, statusMessage = '', rawHeaders } = answer;
    response.sendDate = false;
    response.writeHead(statusCode, statusMessage, this.#withOwnLocation(rawHeaders));
    await pipeline(answer, response);
  }

  /** A server that says where to go on means the way that the client came. */
  #withOwnLocation(rawHeaders: readonly string[]): string[] {
    return rawHeaders.map((text, index) => {
      const isLocation = index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'location';
      const { origin } = this.#target;
      return isLocation && text.startsWith(origin) ? this.#endpoint + text.slice(origin.length) : text;
    });
  }
}

interface Exchange {
  incoming: IncomingMessage;
  response: ServerResponse;
  /** The request forgets it once it has ended. */
  socket: Socket;
  bodyBytes: number;
}

/** Resolves when the client has given up. */
async function hangUp(socket: Socket): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
}

async function discard(answer: IncomingMessage): Promise<void> {
  await pipeline(answer, async (chunks) => {
    for await (const _ of chunks);
  });
}

/** The body is read first: whoever is still sending does not look for an answer. */
async function refuse(
  { incoming, response }: Exchange,
  answer: ReturnType<typeof storeAnswer>,
): Promise<void> {
  await discard(incoming);
  const { status, headers, body } = answer;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(incoming.method === 'HEAD' ? undefined : body);
}
