/** Reads `text/event-stream` (WHATWG HTML 9.2.6), however its bytes are cut. */
export interface ServerSentEvent {
  /** What its `event` field says; `message` when it says nothing. */
  type: string;
  /** Its `data` fields, one a line. */
  data: string;
  /** The last `id` of the stream; empty when there was none. */
  id: string;
}

export interface EventStream {
  /** Copies what it keeps. Calls back for every event that is over. */
  push(bytes: Uint8Array): void;
  /** Of the event that is not over yet. */
  readonly heldBytes: number;
  /** An event was larger than the limit: nothing more is read. */
  readonly isFailed: boolean;
}

export interface EventStreamOptions {
  onEvent(event: ServerSentEvent): void;
  /** Of one event; 1 MiB when absent. */
  maxEventBytes?: number;
}

/** What is not over at the end of the stream is no event: a cut one would be taken for a whole one. */
export function createEventStream(options: EventStreamOptions): EventStream {
  return new LineReader(options);
}

class LineReader implements EventStream {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #maxEventBytes: number;
  /** Of the line that is not over. */
  #line: Buffer = empty;
  #lineBytes = 0;
  #isFirstLine = true;
  /** A line feed would belong to the line that is over. */
  #isAfterCarriageReturn = false;
  #data: string[] = [];
  #dataBytes = 0;
  #type = '';
  #id = '';
  #isFailed = false;

  constructor({ onEvent, maxEventBytes = 1024 * 1024 }: EventStreamOptions) {
    this.#onEvent = onEvent;
    this.#maxEventBytes = maxEventBytes;
  }

  get heldBytes(): number {
    const textBytes = this.#dataBytes + this.#type.length + this.#id.length;
    return this.#line.length + textBytes + this.#data.length * dataLineBytes;
  }

  get isFailed(): boolean {
    return this.#isFailed;
  }

  // /!\ Hot path: over every streamed answer that is assembled.
  push(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let from = 0;
    for (let i = 0; i < text.length && !this.#isFailed; i++) {
      const byte = text[i];
      if (byte === LF && this.#isAfterCarriageReturn) from = i + 1;
      else if (byte === LF || byte === CR) {
        this.#endLine(text.subarray(from, i));
        from = i + 1;
      }
      this.#isAfterCarriageReturn = byte === CR;
    }
    if (from < text.length) this.#keep(text.subarray(from));
  }

  #keep(rest: Buffer): void {
    if (!this.#hasRoom(rest.length)) return;
    const lineBytes = this.#lineBytes + rest.length;
    if (lineBytes > this.#line.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#line.length, lineBytes));
      this.#line.copy(larger, 0, 0, this.#lineBytes);
      this.#line = larger;
    }
    rest.copy(this.#line, this.#lineBytes);
    this.#lineBytes = lineBytes;
  }

  #endLine(last: Buffer): void {
    let line = last;
    if (this.#lineBytes > 0) {
      this.#keep(last);
      line = this.#line.subarray(0, this.#lineBytes);
      if (this.#line.length > maxSpareBytes) this.#line = empty;
      this.#lineBytes = 0;
    }
    if (!this.#hasRoom(line.length)) return;
    if (this.#isFirstLine && line.indexOf(byteOrderMark) === 0) line = line.subarray(byteOrderMark.length);
    this.#isFirstLine = false;
    if (line.length === 0) this.#endEvent();
    else this.#field(line);
  }

  /** A line that begins with a colon is a comment; `retry` and unknown fields change nothing for somebody who reads along. */
  #field(line: Buffer): void {
    const colon = line.indexOf(COLON);
    const nameEnd = colon < 0 ? line.length : colon;
    const valueStart = colon < 0 ? line.length : line[colon + 1] === SPACE ? colon + 2 : colon + 1;
    const is = (name: string): boolean =>
      nameEnd === name.length && line.toString('latin1', 0, nameEnd) === name;
    if (is('data')) {
      this.#data.push(line.toString('utf8', valueStart));
      this.#dataBytes += line.length - valueStart + 1;
    } else if (is('event')) this.#type = line.toString('utf8', valueStart);
    else if (is('id') && line.indexOf(0, valueStart) < 0) this.#id = line.toString('utf8', valueStart);
  }

  #endEvent(): void {
    const lines = this.#data;
    const type = this.#type === '' ? 'message' : this.#type;
    this.#type = '';
    if (lines.length === 0) return;
    this.#data = [];
    this.#dataBytes = 0;
    this.#onEvent({ type, data: lines.length === 1 ? (lines[0] ?? '') : lines.join('\n'), id: this.#id });
  }

  #hasRoom(bytes: number): boolean {
    if (this.#isFailed) return false;
    if (this.#lineBytes + this.#dataBytes + bytes <= this.#maxEventBytes) return true;
    this.#isFailed = true;
    this.#line = empty;
    this.#lineBytes = 0;
    this.#data = [];
    this.#dataBytes = 0;
    this.#type = '';
    this.#id = '';
    return false;
  }
}

/** A buffer as small as this is used for the next line that is cut. */
const maxSpareBytes = 2048;
/** What a line costs beside its characters, about. */
const dataLineBytes = 16;
const empty = Buffer.alloc(0);
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
