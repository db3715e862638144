/** A connection that speaks HTTP/2: a session with the client, a session with the model server, their streams one to one. */
import { connect, constants, performServerHandshake } from 'node:http2';
import type { ClientHttp2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { isIPv6 } from 'node:net';
import type { Socket } from 'node:net';

import type { ProxyRoute } from '../../../config/proxy.ts';
import { causeOf } from '../../../errors.ts';
import { TapExchange } from '../exchange.ts';
import type { ExchangeContext, ExchangeOwner } from '../exchange.ts';
import type { Undelivered } from '../undelivered.ts';
import { factsOf, valueOf } from './fields.ts';
import { connectionWindowBytes, towardsClient, towardsUpstream } from './limits.ts';
import { answerUnreachable } from './refusal.ts';
import { nobody, openPair } from './stream.ts';
import type { StreamExchange, StreamHead, StreamPair } from './stream.ts';

export interface H2Context extends ExchangeContext {
  /** A new id for a request that has none. */
  newRequestId(): string;
  /** What becomes of requests that nobody was there to take. */
  undelivered: Undelivered;
  /** There is nobody behind who speaks HTTP/2; its clients are told. */
  onUnreachable?(code: string): void;
}

export interface H2ConnectionOptions {
  route: ProxyRoute['upstream'];
  /** A connection to the model server that offers HTTP/2, and closes when its other side does. */
  dial(): Socket;
  context: H2Context;
  /** Nothing of it is open any more. */
  onClosed(): void;
}

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

export class H2Connection {
  readonly #socket: Socket;
  readonly #options: H2ConnectionOptions;
  readonly #pairs = new Set<StreamPair>();
  readonly #upstream: ClientHttp2Session;
  #client: ServerHttp2Session | undefined;
  /** Why the model server was not reached. */
  #failure = 'closed';
  #isReached = false;
  #isUpstreamClosed = false;

  /** Nothing of the client's socket was read yet. */
  constructor(socket: Socket, options: H2ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.allowHalfOpen = false;
    socket.on('close', () => this.#onClientClosed());
    this.#upstream = this.#connect();
  }

  /** Nobody has been promised anything yet. */
  get isIdle(): boolean {
    return this.#client === undefined;
  }

  /** Takes no new stream; closes when those under way are over. */
  drain(): void {
    this.#client?.close();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#upstream.destroy();
  }

  #connect(): ClientHttp2Session {
    const { host, port, isTls } = this.#options.route;
    const authority = `${isTls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
    const session = connect(authority, { ...towardsUpstream, createConnection: () => this.#dial() });
    session.on('error', (error) => (this.#failure = causeOf(error)));
    session.once('connect', () => {
      if (isTls && session.alpnProtocol !== 'h2') session.destroy(new Error('it does not offer HTTP/2'));
      else session.setLocalWindowSize(connectionWindowBytes);
    });
    // What the client is offered depends on what the model server takes, so it is told first.
    session.once('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#isReached = true;
      this.#serve(maxConcurrentStreams);
    });
    session.on('goaway', (code, _, data) => this.#onGoaway(code, data));
    session.once('close', () => this.#onUpstreamClosed());
    return session;
  }

  #dial(): Socket {
    const socket = this.#options.dial();
    // Node drops the streams of a session with its connection: answers that wait for a slow client are saved before.
    for (const event of ['error', 'close']) socket.once(event, () => this.#flush());
    return socket;
  }

  #serve(upstreamStreams?: number): void {
    if (this.#socket.destroyed) return;
    const session = performServerHandshake(this.#socket, towardsClient(upstreamStreams));
    this.#client = session;
    session.on('error', () => undefined);
    session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes));
    session.on('stream', (stream, ...[headers, flags, fields]) => {
      // What is wrong with a stream is in the code of its reset.
      stream.on('error', () => undefined);
      this.#onStream(stream, { headers, flags, fields });
    });
  }

  #onStream(stream: ServerHttp2Stream, head: StreamHead): void {
    const { context } = this.#options;
    const { fields } = head;
    if (stream.destroyed) return;
    if (context.blockade?.isClosed) return context.blockade.whenOpen(() => this.#onStream(stream, head));
    const given = valueOf(fields, 'x-request-id');
    const id = given ?? context.newRequestId();
    const observe = (owner: ExchangeOwner): StreamExchange => {
      const method = valueOf(fields, ':method') ?? '';
      const target = valueOf(fields, ':path') ?? valueOf(fields, ':authority') ?? '';
      return new TapExchange({ method, target, headers: factsOf(fields) }, id, { context, owner });
    };
    if (this.#upstream.closed || this.#upstream.destroyed) {
      // It went away after it was there: the client may ask again, on a new connection.
      if (this.#isReached) stream.close(NGHTTP2_REFUSED_STREAM);
      else answerUnreachable(stream, fields, this.#failure);
      if (context.undelivered === 'keep') observe(nobody).end('failed upstream');
      return;
    }
    if (given === undefined) fields.push('x-request-id', id);
    const pair: StreamPair | undefined = openPair(head, {
      client: stream,
      upstream: this.#upstream,
      observe,
      onDone: () => {
        if (pair !== undefined) this.#pairs.delete(pair);
        this.#settle();
      },
      onLost: () => this.#settle(),
    });
    if (pair !== undefined) this.#pairs.add(pair);
  }

  #onGoaway(code: number, data: Buffer | undefined): void {
    if (code === NGHTTP2_NO_ERROR) return this.#client?.close();
    this.#flush();
    this.#client?.goaway(code, 0, data);
  }

  #onUpstreamClosed(): void {
    this.#isUpstreamClosed = true;
    if (this.#client !== undefined) this.#client.close();
    else if (!this.#socket.destroyed) {
      this.#options.context.onUnreachable?.(this.#failure);
      this.#serve();
    }
    this.#settle();
  }

  #onClientClosed(): void {
    for (const pair of this.#pairs) pair.cancel();
    this.#settle();
  }

  #flush(): void {
    for (const pair of this.#pairs) pair.flush();
  }

  #settle(): void {
    if (this.#socket.destroyed) {
      if (this.#pairs.size > 0) return;
      if (this.#isUpstreamClosed) this.#options.onClosed();
      else this.#upstream.destroy();
      return;
    }
    // A client must see what it would see without us: that the connection is gone, but not before it has the answers that
    // were complete.
    const isLost = this.#pairs.size > 0 && [...this.#pairs].every((pair) => pair.isLost);
    if (this.#isUpstreamClosed && isLost) this.#socket.end();
  }
}
