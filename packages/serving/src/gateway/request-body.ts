/** The body of a request while it comes: passed on as it is, and held up to a limit, so that it can be sent once more. */
import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';

export interface RequestBodyOptions {
  maxHeldBytes: number;
  /** Before the first byte is waited for. */
  onStart(): void;
  /** Some of it came; this is how much there is of it by now. */
  onBytes(receivedBytes: number): void;
}

export class RequestBody {
  readonly #message: IncomingMessage;
  readonly #options: RequestBodyOptions;
  readonly #isEmpty: boolean;
  /** Known to fit: it is sent in one piece. */
  readonly #isShort: boolean;
  #hasStarted = false;
  #isOver = false;
  /** None once it is more than may be held. */
  #held: Buffer[] | undefined = [];
  #receivedBytes = 0;
  #reader: Readable | undefined;
  #waiting: ((body: Buffer | undefined) => void)[] = [];

  constructor(message: IncomingMessage, options: RequestBodyOptions) {
    this.#message = message;
    this.#options = options;
    const { 'content-length': length, 'transfer-encoding': coding } = message.headers;
    this.#isEmpty = coding === undefined && (length === undefined || Number(length) === 0);
    this.#isShort = coding === undefined && Number(length) <= options.maxHeldBytes;
  }

  /** Nothing that was passed on is lost: it can be sent from its start. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when a body that is sent in one piece is there, and at once for any other. False: it did not come to its end. */
  async isReady(): Promise<boolean> {
    return !this.#isShort || (await this.whole()) !== undefined;
  }

  /** For one attempt to send it. Another attempt may follow while {@link isHeld}. `gone`: the client left. */
  async open(): Promise<Buffer | Readable | null | 'gone'> {
    if (this.#isEmpty) return null;
    if (this.#isShort) return (await this.whole()) ?? 'gone';
    this.#start();
    const reader = new Readable({ read: () => void this.#message.resume() });
    this.#reader = reader;
    reader.on('error', () => undefined);
    for (const chunk of this.#held ?? []) reader.push(chunk);
    if (this.#isOver) reader.push(null);
    // An attempt that ends early leaves the rest to the next one, or to nobody.
    reader.on('close', () => {
      if (this.#reader === reader) this.#reader = undefined;
      this.#message.resume();
    });
    return reader;
  }

  /** `undefined` when it is more than may be held, or did not come to its end. */
  async whole(): Promise<Buffer | undefined> {
    if (this.#isEmpty) return Buffer.alloc(0);
    this.#start();
    if (!this.#isOver && this.#held !== undefined)
      return new Promise((resolve) => void this.#waiting.push(resolve));
    return this.#inOnePiece();
  }

  /** Whoever waits for the whole of it waits no more. */
  giveUp(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  #inOnePiece(): Buffer | undefined {
    if (this.#held === undefined || !this.#isOver) return undefined;
    const [first = Buffer.alloc(0)] = this.#held;
    return this.#held.length <= 1 ? first : Buffer.concat(this.#held);
  }

  #start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#options.onStart();
    this.#message.on('data', (chunk: Buffer) => this.#push(chunk));
    this.#message.on('end', () => {
      this.#isOver = true;
      this.#reader?.push(null);
      this.#settle();
    });
    this.#message.on('close', () => {
      if (this.#isOver) return;
      this.#held = undefined;
      this.#reader?.destroy(new Error('The client broke its request off.'));
      this.#settle();
    });
    // `close` follows.
    this.#message.on('error', () => undefined);
  }

  #push(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    this.#options.onBytes(this.#receivedBytes);
    const wantsMore = this.#reader?.push(chunk);
    if (this.#receivedBytes <= this.#options.maxHeldBytes) this.#held?.push(chunk);
    else if (this.#reader !== undefined || this.#held === undefined) {
      this.#held = undefined;
      this.#settle();
    } else {
      // Nobody has it yet.
      this.#held.push(chunk);
      this.#message.pause();
    }
    if (wantsMore === false) this.#message.pause();
  }

  #settle(): void {
    const body = this.#inOnePiece();
    for (const resolve of this.#waiting.splice(0)) resolve(body);
  }
}
