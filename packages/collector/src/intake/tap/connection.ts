/**
 * A wire tap: one client connection, one connection to the model server, and the bytes of each go to the other as they come
 * (design, section 4). Only a request without `x-request-id` gets one. Framing is read on the side; where it is in doubt both
 * sides are passed on blind, and nothing is captured any more.
 */
import type { Socket } from 'node:net';

import type { RequestHead, ResponseHead } from '../../http1/head.ts';
import { createRequestReader, createResponseReader } from '../../http1/reader.ts';
import type { MessageReader } from '../../http1/reader.ts';
import { TapExchange } from './exchange.ts';
import type { ExchangeContext, ExchangeOwner } from './exchange.ts';
import { undeliveredAnswer } from './undelivered.ts';
import type { Undelivered } from './undelivered.ts';

export interface TapContext extends ExchangeContext {
  /** A new id for a request that has none. */
  newRequestId(): string;
  /** What becomes of requests that nobody was there to take. */
  undelivered: Undelivered;
  /** The framing was in doubt. */
  onUnframed(code: string): void;
}

export class TapConnection implements ExchangeOwner {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #context: TapContext;
  readonly #requests: MessageReader;
  readonly #responses: MessageReader;
  /** Requests whose answer is not over, oldest first. */
  readonly #exchanges: TapExchange[] = [];
  #reading: TapExchange | undefined;
  #isBlind = false;
  /** The model server took the connection, once. */
  #isConnected = false;
  /** Of the client's bytes: how many were passed on, and those that wait for the end of their head. */
  #forwardedBytes = 0;
  #held: Buffer[] = [];
  /** How many things hold a side back, beside the other side. */
  readonly #holds = { request: 0, response: 0 };
  #insertions: { at: number; bytes: Buffer }[] = [];

  constructor(sockets: { client: Socket; upstream: Socket }, context: TapContext) {
    const { client, upstream } = sockets;
    this.#client = client;
    this.#upstream = upstream;
    this.#context = context;
    const limits = { lenient: true, maxBodyBytes: Number.MAX_SAFE_INTEGER };
    this.#requests = createRequestReader(
      {
        onHead: (head) => this.#onRequest(head),
        onBody: (bytes) => this.#reading?.requestBody(bytes),
        onTrailers: () => undefined,
        onEnd: () => this.#reading?.requestEnd(),
      },
      limits,
    );
    this.#responses = createResponseReader(
      {
        requestMethod: () => this.#exchanges[0]?.method,
        onHead: (head) => this.#onResponse(head),
        onBody: (bytes) => this.#exchanges[0]?.responseBody(bytes),
        onTrailers: (fields) => this.#exchanges[0]?.responseTrailers(fields),
        onEnd: () => this.#onResponseEnd(),
      },
      limits,
    );
    this.#splice();
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /** Nothing is under way: it may be closed without anybody noticing. */
  get isIdle(): boolean {
    return !this.#isBlind && this.#exchanges.length === 0 && this.#held.length === 0;
  }

  #splice(): void {
    const [client, upstream] = [this.#client, this.#upstream];
    client.on('drain', () => this.#holds.response === 0 && upstream.resume());
    upstream.on('drain', () => this.#holds.request === 0 && client.resume());
    client.on('end', () => this.#whenTaken(() => upstream.end()));
    upstream.on('end', () => {
      if (!this.#isBlind) this.#responses.end();
      client.end();
    });
    client.on('error', () => client.destroy());
    upstream.on('error', () => upstream.destroy());
    client.on('close', () => this.#end(upstream, 'aborted by client'));
    upstream.on('close', () => {
      if (upstream.connecting || this.#isConnected) this.#end(client, 'failed upstream');
      else this.#refuse();
    });
    upstream.once('connect', () => (this.#isConnected = true));
  }

  onHold(side: 'request' | 'response', isHeld: boolean): void {
    const socket = side === 'request' ? this.#client : this.#upstream;
    const held = (this.#holds[side] += isHeld ? 1 : -1);
    if (held === 0) socket.resume();
    else socket.pause();
  }

  /** What the client sent; the bytes are ours from here on. */
  fromClient(chunk: Buffer): void {
    const { blockade } = this.#context;
    if (blockade?.isClosed && !this.#isBlind) {
      this.onHold('request', true);
      return blockade.whenOpen(() => {
        this.fromClient(chunk);
        this.onHold('request', false);
      });
    }
    if (this.#isBlind) return pass(chunk, { from: this.#client, to: this.#upstream });
    if (this.#waitsToBeTaken) {
      this.onHold('request', true);
      return this.#whenTaken(() => {
        this.fromClient(chunk);
        this.onHold('request', false);
      });
    }
    this.#held.push(chunk);
    const halt = this.#requests.push(chunk);
    if (halt?.kind === 'problem') this.#goBlind(halt.code);
    else if (halt !== undefined) this.#goBlind(undefined);
    else this.#forward(this.#requests.consumedBytes);
  }

  /** What the model server sent; the bytes are ours from here on. */
  fromUpstream(chunk: Buffer): void {
    // Serving first: the client has the bytes before anybody looks at them.
    pass(chunk, { from: this.#upstream, to: this.#client });
    if (this.#isBlind) return;
    const halt = this.#responses.push(chunk);
    // Another protocol from here on: what the client sent behind its request belongs to that, too.
    if (halt !== undefined) this.#goBlind(halt.kind === 'problem' ? halt.code : undefined);
  }

  /** Nothing is an exchange before the model server took the connection. */
  get #waitsToBeTaken(): boolean {
    return this.#context.undelivered === 'leave_out' && !this.#isConnected;
  }

  /** In the order of the calls; never, when it takes none. */
  #whenTaken(go: () => void): void {
    if (this.#waitsToBeTaken) this.#upstream.once('connect', go);
    else go();
  }

  /** The model server takes no connection: who asks may ask another one, since nobody saw the request. */
  #refuse(): void {
    for (const exchange of this.#exchanges.splice(0)) exchange.end('failed upstream');
    this.#isBlind = true;
    this.#client.end(undeliveredAnswer);
    // What is still to come of the request goes nowhere, and the end of the client is to be seen.
    this.#client.resume();
  }

  /** Passes the client's bytes on up to a place in them, with what is put between. The rest waits: it is half a head. */
  // /!\ Hot path: one write per piece that came, insertions included.
  #forward(end: number): void {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held);
    if (bytes === undefined) return;
    const start = this.#forwardedBytes;
    const pieces: Buffer[] = [];
    let at = start;
    for (const insertion of this.#insertions) {
      pieces.push(bytes.subarray(at - start, insertion.at - start), insertion.bytes);
      at = insertion.at;
    }
    pieces.push(bytes.subarray(at - start, end - start));
    const [only = bytes] = pieces;
    pass(pieces.length === 1 ? only : Buffer.concat(pieces), { from: this.#client, to: this.#upstream });
    if (this.#insertions.length > 0) this.#insertions = [];
    this.#forwardedBytes = end;
    this.#held = end - start === bytes.length ? [] : [bytes.subarray(end - start)];
  }

  #onRequest(head: RequestHead): void {
    const given = head.headers.get('x-request-id');
    const id = given ?? this.#context.newRequestId();
    if (given === undefined) {
      // Before the empty line that ends the head.
      const at = this.#requests.consumedBytes + head.byteLength - 2;
      this.#insertions.push({ at, bytes: Buffer.from(`x-request-id: ${id}\r\n`, 'latin1') });
    }
    const exchange = new TapExchange(head, id, { context: this.#context, owner: this });
    this.#reading = exchange;
    this.#exchanges.push(exchange);
  }

  #onResponse(head: ResponseHead): void {
    if (!head.informational) this.#exchanges[0]?.responseHead(head);
  }

  #onResponseEnd(): void {
    const exchange = this.#exchanges[0];
    // The end of an informational response is not that of the exchange.
    if (exchange === undefined || !exchange.isAnswered) return;
    this.#exchanges.shift();
    exchange.end('complete');
  }

  /** `code`: why the framing is in doubt; none when the two have agreed on another protocol. */
  #goBlind(code: string | undefined): void {
    this.#isBlind = true;
    if (code !== undefined) this.#context.onUnframed(code);
    for (const exchange of this.#exchanges.splice(0))
      exchange.end(code === undefined ? 'complete' : 'unframed');
    const total = this.#held.reduce((sum, chunk) => sum + chunk.length, this.#forwardedBytes);
    this.#forward(total);
  }

  #end(other: Socket, how: 'aborted by client' | 'failed upstream'): void {
    for (const exchange of this.#exchanges.splice(0)) exchange.end(how);
    this.#isBlind = true;
    // What was received is still to be written; then the other side learns of the end.
    if (other.writableLength === 0 || other.readableEnded) other.destroySoon();
    else other.end();
  }
}

/** With the sender held back while the receiver is behind. */
function pass(bytes: Buffer, { from, to }: { from: Socket; to: Socket }): void {
  if (bytes.length > 0 && !to.destroyed && !to.write(bytes)) from.pause();
}
