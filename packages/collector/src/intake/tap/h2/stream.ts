/**
 * One request over HTTP/2 with its answer: a stream of the client and a stream to the model server, each passed on to the other
 * with its own headers, data, trailers and reset. They are looked at on the side.
 */
import { constants } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';

import type { ExchangeOwner, HeaderFacts, TapExchange } from '../exchange.ts';
import { factsOf, fieldObject, markedFields } from './fields.ts';

/** The head of a stream as `node:http2` reports it. */
export interface StreamHead {
  headers: IncomingHttpHeaders;
  /** Names and values in turn. */
  fields: string[];
  flags: number;
}

export type StreamExchange = Pick<
  TapExchange,
  'requestBody' | 'requestEnd' | 'responseHead' | 'responseBody' | 'responseTrailers' | 'end'
>;

export interface StreamPairOptions {
  client: ServerHttp2Stream;
  upstream: ClientHttp2Session;
  /** Made once the request is on its way, or has turned out to be none that can be sent on. */
  observe(owner: ExchangeOwner): StreamExchange;
  /** Both streams are closed. */
  onDone(): void;
  /** The connection to the model server broke before the answer was over; the client's stream is left as it is. */
  onLost(): void;
}

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;

/** There is no sender left that could be held back. */
export const nobody: ExchangeOwner = { onHold: () => undefined };

/** `undefined`: the request cannot be sent on; its client is told, and its exchange is over. */
export function openPair(request: StreamHead, options: StreamPairOptions): StreamPair | undefined {
  let upstream: ClientHttp2Stream | undefined;
  const isBodiless = endsStream(request);
  const isSent = trySend(() => {
    const fields = markedFields(request.fields, request.headers);
    upstream = options.upstream.request(fields, { endStream: isBodiless, waitForTrailers: !isBodiless });
  });
  if (isSent && upstream !== undefined) return new StreamPair(upstream, isBodiless, options);
  options.client.close(NGHTTP2_PROTOCOL_ERROR);
  options.observe(nobody).end('failed upstream');
  return undefined;
}

export class StreamPair implements ExchangeOwner {
  readonly #options: StreamPairOptions;
  readonly #client: ServerHttp2Stream;
  readonly #upstream: ClientHttp2Stream;
  readonly #exchange: StreamExchange;
  readonly #holds: Holds = { request: 0, response: 0 };
  #answer: Carrier | undefined;
  /** Streams that are not closed. */
  #open = 2;
  #isRequestOver = false;
  #isResponseOver = false;
  #isAborted = false;
  #isLost = false;
  #isUnsendable = false;

  constructor(upstream: ClientHttp2Stream, isBodiless: boolean, options: StreamPairOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#upstream = upstream;
    this.#exchange = options.observe(this);
    if (isBodiless) this.#onRequestEnd();
    else this.#passRequest();
    this.#passResponse();
    this.#watch();
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  onHold(side: 'request' | 'response', isHeld: boolean): void {
    const stream = side === 'request' ? this.#client : this.#upstream;
    const held = (this.#holds[side] += isHeld ? 1 : -1);
    if (held === 0) stream.resume();
    else stream.pause();
  }

  /** The connection to the model server is about to be gone: saves what waits for a slow client. */
  flush(): void {
    this.#answer?.flush();
  }

  /** The connection of the client is gone. */
  cancel(): void {
    if (!this.#upstream.destroyed) this.#abort(NGHTTP2_CANCEL);
  }

  #passRequest(): void {
    carry(this.#client, this.#upstream, {
      isHeld: () => this.#holds.request > 0,
      isAborted: () => this.#isAborted,
      onData: (chunk) => this.#exchange.requestBody(chunk),
      onEnd: () => this.#onRequestEnd(),
      onUnsendable: () => this.#onUnsendable(),
    });
  }

  #onRequestEnd(): void {
    this.#isRequestOver = true;
    this.#exchange.requestEnd();
  }

  #passResponse(): void {
    const [client, upstream] = [this.#client, this.#upstream];
    upstream.on('headers', (headers, _, fields) => {
      if (!canRespond(client)) return;
      if (!trySend(() => client.additionalHeaders(fieldObject(fields, headers)))) this.#onUnsendable();
    });
    upstream.on('response', (headers, flags, fields) => {
      const head = { headers, fields, flags };
      const isSent = !canRespond(client) || trySend(() => respond(client, head));
      const facts = factsOf(fields);
      this.#exchange.responseHead({ status: Number(headers[':status']), headers: facts });
      if (!isSent) return this.#onUnsendable();
      if (endsStream(head)) {
        this.#isResponseOver = true;
        upstream.resume();
        return;
      }
      this.#answer = carry(upstream, client, {
        isHeld: () => this.#holds.response > 0,
        isAborted: () => this.#isAborted,
        onData: (chunk) => this.#exchange.responseBody(chunk),
        onTrailers: (trailers) => this.#exchange.responseTrailers(trailers),
        onEnd: () => void (this.#isResponseOver = true),
        onUnsendable: () => this.#onUnsendable(),
      });
    });
  }

  #watch(): void {
    const [client, upstream] = [this.#client, this.#upstream];
    // What was wrong is in the code of the reset, and `close` follows.
    client.on('error', () => undefined);
    upstream.on('error', () => undefined);
    client.on('aborted', () => this.#onClientGone());
    client.on('close', () => {
      this.#onClientGone();
      this.#onClosed();
    });
    upstream.on('close', () => {
      this.#onUpstreamClosed();
      this.#onClosed();
    });
  }

  #onClosed(): void {
    this.#open--;
    if (this.#open === 0) this.#options.onDone();
  }

  /** What one side has sent is nothing that node sends on to the other. */
  #onUnsendable(): void {
    this.#isUnsendable = true;
    for (const stream of [this.#upstream, this.#client]) {
      stream.close(NGHTTP2_PROTOCOL_ERROR);
      // What was not read yet would keep it open.
      stream.resume();
    }
  }

  #onClientGone(): void {
    if (this.#isUnsendable) return;
    if (this.#upstream.destroyed || (this.#isRequestOver && this.#isResponseOver)) return;
    this.#abort(this.#client.rstCode);
  }

  #abort(code: number | undefined): void {
    this.#isAborted = true;
    if (!this.#upstream.closed) this.#upstream.close(code);
    // What is left of the answer would keep the stream open.
    this.#upstream.resume();
  }

  #onUpstreamClosed(): void {
    if (this.#isUnsendable) {
      this.#exchange.end('failed upstream');
    } else if (this.#isResponseOver) {
      this.#exchange.end('complete');
      // It has answered without wanting the rest of the request.
      if (!this.#isRequestOver) this.#reset(NGHTTP2_NO_ERROR);
    } else if (this.#isAborted) {
      this.#exchange.end('aborted by client');
    } else {
      this.#exchange.end('failed upstream');
      this.#isLost = this.#options.upstream.destroyed;
      if (this.#isLost) this.#options.onLost();
      else this.#reset(this.#upstream.rstCode);
    }
  }

  #reset(code: number | undefined): void {
    const reset = (): void => this.#client.close(code);
    if (this.#answer === undefined) reset();
    else this.#answer.whenFlushed(reset);
  }
}

/** `false`: node refuses it. Most of what it would refuse is left out before; what is left must not end the process. */
function trySend(send: () => void): boolean {
  try {
    send();
    return true;
  } catch {
    return false;
  }
}

function endsStream({ flags }: StreamHead): boolean {
  return (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
}

function canRespond(client: ServerHttp2Stream): boolean {
  return !client.closed && !client.destroyed && !client.headersSent;
}

function respond(client: ServerHttp2Stream, head: StreamHead): void {
  const endStream = endsStream(head);
  const fields = markedFields(head.fields, head.headers);
  const options = { endStream, waitForTrailers: !endStream, sendDate: false };
  client.respond(fields, options);
}

/** How many things hold a side back, beside the other side. */
type Holds = Record<'request' | 'response', number>;

interface Onlooker {
  isHeld(): boolean;
  /** The client is gone: an end is none any more. */
  isAborted(): boolean;
  onData(chunk: Buffer): void;
  onTrailers?(fields: HeaderFacts): void;
  onEnd(): void;
  /** The trailers cannot be sent on. */
  onUnsendable(): void;
}

interface Carrier {
  /** Hands everything on that was received, for a sender that is about to be destroyed. */
  flush(): void;
  /** Calls `go` once everything that has come was handed on. A reset overtakes what waits to be sent. */
  whenFlushed(go: () => void): void;
}

/** Passes data and trailers on, with the sender held back while the receiver is behind. */
// /!\ Hot path
function carry(from: Http2Stream, to: Http2Stream, onlooker: Onlooker): Carrier {
  let trailers: OutgoingHttpHeaders = {};
  let isOver = false;
  let isWaited = false;
  let isEnded = false;
  let onFlushed: (() => void) | undefined;
  const noteFlushed = (): void => {
    if (isOver ? isEnded : to.writableLength === 0) onFlushed?.();
  };
  const finish = (): void => {
    if (!isOver || !isWaited || to.closed || to.destroyed) return;
    if (!trySend(() => to.sendTrailers(trailers))) return onlooker.onUnsendable();
    // Node sends them with the next turn of the loop.
    setImmediate(() => {
      isEnded = true;
      noteFlushed();
    });
  };
  from.on('data', (chunk: Buffer) => {
    // Serving first: the receiver has the bytes before anybody looks at them.
    if (to.writable && !to.write(chunk, noteFlushed)) from.pause();
    onlooker.onData(chunk);
  });
  to.on('drain', () => onlooker.isHeld() || from.resume());
  from.on('trailers', (headers: IncomingHttpHeaders, _: number, fields: string[]) => {
    trailers = fieldObject(fields, headers);
    onlooker.onTrailers?.(factsOf(fields));
  });
  const end = (): void => {
    // A reset is no end.
    if (isOver || from.rstCode !== NGHTTP2_NO_ERROR || onlooker.isAborted()) return;
    isOver = true;
    onlooker.onEnd();
    to.end();
    finish();
  };
  from.on('end', end);
  to.on('wantTrailers', () => {
    isWaited = true;
    finish();
  });
  return {
    flush() {
      while (from.read() !== null);
      // No `end` would come any more.
      if (from.closed) end();
    },
    whenFlushed(go) {
      onFlushed = go;
      noteFlushed();
    },
  };
}
