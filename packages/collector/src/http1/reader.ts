import { createCarry } from './carry.ts';
import type { Unit } from './carry.ts';
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
const crlf = Buffer.from('\r\n');
const emptyLine = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

const headUnit: Unit = {
  name: 'head',
  mark: emptyLine,
  stray: 'framing_ambiguous',
  tooLong: 'head_too_large',
};
const chunkLineUnit: Unit = {
  name: 'size line of a chunk',
  mark: crlf,
  stray: 'chunk_malformed',
  tooLong: 'chunk_malformed',
};
const trailersUnit: Unit = {
  name: 'trailer section',
  mark: emptyLine,
  stray: 'framing_ambiguous',
  tooLong: 'trailers_too_large',
};

/** `/!\ Hot path`: a head and its body in one chunk take one search, one decoding and no copy. */
class Reader<Head extends RequestHead | ResponseHead> implements MessageReader {
  readonly #handler: MessageHandler<Head>;
  readonly #side: Side<Head>;
  readonly #carry = createCarry();
  #phase: Phase = 'start';
  #chunk: Buffer = nothing;
  #at = 0;
  /** Bytes of the chunks before this one. */
  #before = 0;
  /** A unit that was taken and is not accepted yet. */
  #unit = '';
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
    return this.#halt?.consumedBytes ?? this.#before + this.#at - this.#carry.length - this.#unit.length;
  }

  push(chunk: Uint8Array): Halt | undefined {
    if (this.#halted()) return undefined;
    this.#chunk = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (this.#at < chunk.length && !this.#halted()) this.#step();
    if (this.#halt === undefined) this.#before += chunk.length;
    this.#chunk = nothing;
    this.#at = 0;
    return this.#halt;
  }

  end(): Halt | undefined {
    if (this.#halted() || this.#phase === 'start') return undefined;
    if (this.#phase !== 'until-close')
      return this.#leave(problem('truncated', 'The connection ended inside a message'));
    this.#endMessage();
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
    const byte = this.#chunk[this.#at];
    const afterCr = this.#blankBytes % 2 === 1;
    if (byte === (afterCr ? LF : CR) && this.#blankBytes < this.#side.maxBlankBytes) {
      this.#blankBytes += 1;
      this.#at += 1;
    } else if (afterCr) this.#fail(problem('framing_ambiguous', strayMessage));
    else if (this.#closes)
      this.#fail(problem('data_after_close', 'The message before this one was to be the last'));
    else {
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
    this.#unit = '';
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
    const start = this.#at;
    const end = Math.min(start + this.#leftBytes, this.#chunk.length);
    this.#at = end;
    this.#leftBytes -= end - start;
    this.#handler.onBody(this.#chunk.subarray(start, end));
  }

  #readChunkLine(): void {
    const text = this.#take(chunkLineUnit, this.#side.limits.maxChunkLineBytes);
    if (text === undefined) return;
    const size = parseChunkSize(text);
    if (typeof size !== 'number') return this.#fail(size);
    this.#bodyBytes += size;
    if (this.#bodyBytes > this.#side.limits.maxBodyBytes) return this.#failBody(this.#bodyBytes);
    this.#unit = '';
    if (size > 0) {
      this.#phase = 'chunk-data';
      this.#leftBytes = size;
    } else {
      // The line end of the last chunk also opens the trailers: with it, an empty line ends them even if there are none.
      this.#phase = 'trailers';
      this.#carry.reset(crlf);
    }
  }

  #readChunkEnd(): void {
    const expected = this.#leftBytes === 2 ? CR : LF;
    if (this.#chunk[this.#at] !== expected) {
      return this.#fail(problem('chunk_malformed', 'The data of a chunk go on after its size'));
    }
    this.#at += 1;
    this.#leftBytes -= 1;
    if (this.#leftBytes === 0) this.#phase = 'chunk-line';
  }

  #readTrailers(): void {
    const text = this.#take(trailersUnit, this.#side.limits.maxTrailerBytes);
    if (text === undefined) return;
    const fields = parseTrailers(text, this.#side.limits);
    if ('code' in fields) return this.#fail(fields);
    this.#unit = '';
    if (fields.size > 0) this.#handler.onTrailers(fields);
    if (!this.#halted()) this.#endMessage();
  }

  #endMessage(): void {
    this.#phase = 'start';
    this.#handler.onEnd();
  }

  /** The next unit as Latin-1 text, which is its bytes one to one; `undefined` when more is needed or it cannot be. */
  #take(unit: Unit, maxBytes: number): string | undefined {
    const found = this.#carry.length > 0 ? -1 : this.#chunk.indexOf(unit.mark, this.#at);
    const end = found + unit.mark.length;
    if (found < 0 || end - this.#at > maxBytes) return this.#takeCut(unit, maxBytes);
    this.#unit = this.#chunk.toString('latin1', this.#at, end);
    this.#at = end;
    return this.#unit;
  }

  #takeCut(unit: Unit, maxBytes: number): string | undefined {
    const carried = this.#carry.length;
    const taken = this.#carry.add(this.#chunk.subarray(this.#at), unit, maxBytes);
    if (taken === undefined) this.#at = this.#chunk.length;
    else if (typeof taken !== 'string') this.#fail(taken);
    else {
      this.#at += taken.length - carried;
      this.#unit = taken;
      return taken;
    }
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
    const rest = Buffer.concat([
      Buffer.from(this.#unit, 'latin1'),
      this.#carry.bytes(),
      this.#chunk.subarray(this.#at),
    ]);
    this.#halt = { ...why, consumedBytes: this.consumedBytes, rest };
    this.#carry.reset(nothing);
    return this.#halt;
  }
}
