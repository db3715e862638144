import { createCursor } from './cursor.ts';
import { parseChunkSize } from './chunked.ts';
import type { Fields } from './fields.ts';
import type { Framing } from './framing.ts';
import { strayMessage } from './grammar.ts';
import { problem } from './halt.ts';
import type { Halt, Opaque, Problem, Stopped } from './halt.ts';
import { parseRequestHead, parseResponseHead, parseTrailers } from './head.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { defaultReaderOptions } from './limits.ts';
import type { ReaderOptions } from './limits.ts';
import { chunkLineUnit, crlf, headUnit, trailersUnit } from './unit.ts';
import type { Unit } from './unit.ts';

/** What a reader tells: for each message `onHead`, `onBody` any number of times, `onTrailers` if there are any, `onEnd`. */
export interface MessageHandler<Head> {
  onHead(head: Head): void;
  /** A piece of the body without its framing; never empty; a view of the pushed chunk, not a copy. */
  onBody(bytes: Uint8Array): void;
  onTrailers(fields: Fields): void;
  onEnd(): void;
}

export type RequestHandler = MessageHandler<RequestHead>;

export interface ResponseHandler extends MessageHandler<ResponseHead> {
  /** The method of the request that the coming response answers. Asked once for each head, informational ones included. */
  requestMethod(): string | undefined;
}

/**
 * Reads the messages of one direction of a connection, one after the other, however the bytes are cut into chunks. It knows
 * neither sockets nor time. It never guesses: where the framing is in doubt it halts, for good.
 */
export interface MessageReader {
  /** Bytes that became events so far. In `onHead`: where this head begins. */
  readonly consumedBytes: number;
  /**
   * Reads all of a chunk and calls the handler on the way. Returns why it stopped reading, once; chunks that come later are
   * ignored. Not to be called by the handler.
   */
  push(chunk: Uint8Array): Halt | undefined;
  /** The connection has ended. Ends a body that lasts until then; in any other message that is `truncated`. */
  end(): Halt | undefined;
  /** Stops reading. In `onHead` the head counts as unread, so that another parser can be given the message. */
  stop(): Halt;
}

export function createRequestReader(handler: RequestHandler, options?: ReaderOptions): MessageReader {
  const limits = { ...defaultReaderOptions, ...options };
  return new Reader(handler, {
    limits,
    maxBlankBytes: 8,
    parseHead: (text) => parseRequestHead(text, limits),
  });
}

export function createResponseReader(handler: ResponseHandler, options?: ReaderOptions): MessageReader {
  const limits = { ...defaultReaderOptions, ...options };
  const parseHead = (text: string) => parseResponseHead(text, handler.requestMethod(), limits);
  return new Reader(handler, { limits, maxBlankBytes: 0, parseHead });
}

interface Side<Head> {
  limits: Required<ReaderOptions>;
  /** How much of empty lines before a start line is passed over (RFC 9112, section 2.2). */
  maxBlankBytes: number;
  parseHead(text: string): Head | Problem;
}

type Phase =
  | 'start'
  | 'head'
  | 'length'
  | 'until-close'
  | 'chunk-line'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers';

const CR = 13;
const LF = 10;

/** `/!\ Hot path`: a head and its body in one chunk take one search, one decoding and no copy. */
class Reader<Head extends RequestHead | ResponseHead> implements MessageReader {
  readonly #handler: MessageHandler<Head>;
  readonly #side: Side<Head>;
  readonly #cursor = createCursor();
  #phase: Phase = 'start';
  #blankBytes = 0;
  #leftBytes = 0;
  #bodyBytes = 0;
  #closes = false;
  #halt: Halt | undefined;

  constructor(handler: MessageHandler<Head>, side: Side<Head>) {
    this.#handler = handler;
    this.#side = side;
  }

  get consumedBytes(): number {
    return this.#halt?.consumedBytes ?? this.#cursor.consumedBytes;
  }

  push(chunk: Uint8Array): Halt | undefined {
    if (this.#halted()) return undefined;
    this.#cursor.feed(chunk);
    while (!this.#halted() && !this.#cursor.atEnd) this.#step();
    if (!this.#halted()) this.#cursor.drop();
    return this.#halt;
  }

  end(): Halt | undefined {
    if (this.#halted() || this.#phase === 'start') return undefined;
    if (this.#phase === 'until-close') this.#endMessage();
    else this.#fail(problem('truncated', 'The connection ended inside a message'));
    return this.#halt;
  }

  stop(): Halt {
    return this.#halt ?? this.#leave({ kind: 'stopped' });
  }

  #halted(): boolean {
    return this.#halt !== undefined;
  }

  #step(): void {
    switch (this.#phase) {
      case 'start':
        return this.#readStart();
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk-data':
        return this.#readSized();
      case 'until-close':
        return this.#readUntilClose();
      case 'chunk-line':
        return this.#readChunkLine();
      case 'chunk-end':
        return this.#readChunkEnd();
      case 'trailers':
        return this.#readTrailers();
    }
  }

  #readStart(): void {
    const afterCr = this.#blankBytes % 2 === 1;
    if (this.#blankBytes < this.#side.maxBlankBytes && this.#cursor.skip(afterCr ? LF : CR)) {
      this.#blankBytes += 1;
    } else if (afterCr) {
      this.#fail(problem('framing_ambiguous', strayMessage));
    } else if (this.#closes) {
      this.#fail(problem('data_after_close', 'The message before this one was to be the last'));
    } else {
      this.#blankBytes = 0;
      this.#phase = 'head';
    }
  }

  #readHead(): void {
    const text = this.#take(headUnit, this.#side.limits.maxHeadBytes);
    if (text === undefined) return;
    const head = this.#side.parseHead(text);
    if (head.kind === 'problem') return this.#fail(head);
    this.#handler.onHead(head);
    if (this.#halted()) return;
    this.#cursor.accept();
    this.#closes = !head.keepAlive;
    this.#beginBody(head.framing);
  }

  #beginBody(framing: Framing): void {
    const { maxBodyBytes } = this.#side.limits;
    switch (framing.kind) {
      case 'none':
        return this.#endMessage();
      case 'length':
        if (framing.length > maxBodyBytes) return this.#failBody(framing.length);
        if (framing.length === 0) return this.#endMessage();
        this.#phase = 'length';
        this.#leftBytes = framing.length;
        return;
      case 'chunked':
        this.#phase = 'chunk-line';
        this.#bodyBytes = 0;
        return;
      case 'until-close':
        this.#phase = 'until-close';
        this.#leftBytes = maxBodyBytes;
        return;
      case 'opaque':
        this.#endMessage();
        if (!this.#halted()) this.#leave({ kind: 'opaque' });
    }
  }

  #readSized(): void {
    this.#passBody();
    if (this.#leftBytes > 0 || this.#halted()) return;
    if (this.#phase === 'length') return this.#endMessage();
    this.#phase = 'chunk-end';
    this.#leftBytes = crlf.length;
  }

  #readUntilClose(): void {
    if (this.#leftBytes > 0) this.#passBody();
    else this.#failBody(this.#side.limits.maxBodyBytes + 1);
  }

  #passBody(): void {
    const bytes = this.#cursor.slice(this.#leftBytes);
    this.#leftBytes -= bytes.length;
    this.#handler.onBody(bytes);
  }

  #readChunkLine(): void {
    const text = this.#take(chunkLineUnit, this.#side.limits.maxChunkLineBytes);
    if (text === undefined) return;
    const size = parseChunkSize(text);
    if (typeof size !== 'number') return this.#fail(size);
    this.#bodyBytes += size;
    if (this.#bodyBytes > this.#side.limits.maxBodyBytes) return this.#failBody(this.#bodyBytes);
    this.#cursor.accept();
    if (size > 0) {
      this.#phase = 'chunk-data';
      this.#leftBytes = size;
    } else {
      this.#phase = 'trailers';
      this.#cursor.giveBack(crlf);
    }
  }

  #readChunkEnd(): void {
    if (!this.#cursor.skip(this.#leftBytes === 2 ? CR : LF)) {
      return this.#fail(problem('chunk_malformed', 'The data of a chunk go on after its size'));
    }
    this.#leftBytes -= 1;
    if (this.#leftBytes === 0) this.#phase = 'chunk-line';
  }

  #readTrailers(): void {
    const text = this.#take(trailersUnit, this.#side.limits.maxTrailerBytes);
    if (text === undefined) return;
    const fields = parseTrailers(text, this.#side.limits);
    if ('code' in fields) return this.#fail(fields);
    this.#cursor.accept();
    if (fields.size > 0) this.#handler.onTrailers(fields);
    if (!this.#halted()) this.#endMessage();
  }

  #endMessage(): void {
    this.#phase = 'start';
    this.#handler.onEnd();
  }

  #take(unit: Unit, maxBytes: number): string | undefined {
    const taken = this.#cursor.take(unit, maxBytes);
    if (typeof taken !== 'object') return taken;
    this.#fail(taken);
    return undefined;
  }

  #failBody(bodyBytes: number): void {
    const { maxBodyBytes } = this.#side.limits;
    this.#fail(
      problem('body_too_large', `The body has ${bodyBytes} bytes or more; the limit is ${maxBodyBytes}`),
    );
  }

  #fail(why: Problem): void {
    this.#leave(why);
  }

  #leave(why: Problem | Opaque | Stopped): Halt {
    this.#halt = { ...why, ...this.#cursor.leave() };
    return this.#halt;
  }
}
