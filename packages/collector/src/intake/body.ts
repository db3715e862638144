/** Gathers the body of one request: in memory up to a limit, in a file of the spool beyond it. */
import type { CapturedBody, PayloadWriter } from '../flow.ts';

export interface BodyOwner {
  createPayload(): Promise<PayloadWriter>;
  /** Bytes that wait for the file; called whenever that changes. */
  onWaiting(bytes: number): void;
}

export class BodyBuffer {
  readonly #maxMemoryBytes: number;
  readonly #owner: BodyOwner;
  #pieces: Uint8Array[] = [];
  /** How many of them are copies of our own. */
  #kept = 0;
  #memoryBytes = 0;
  #file: Promise<PayloadWriter> | undefined;
  #writing: Promise<unknown> = nothingToDo;
  #waitingBytes = 0;
  #error: unknown;

  /** More than `maxMemoryBytes` goes to a file. */
  constructor(maxMemoryBytes: number, owner: BodyOwner) {
    this.#maxMemoryBytes = maxMemoryBytes;
    this.#owner = owner;
  }

  /** The bytes stay the caller's: they are copied by {@link keep}, which must be called before they change. */
  push(bytes: Uint8Array): void {
    if (this.#file === undefined && this.#memoryBytes + bytes.length <= this.#maxMemoryBytes) {
      this.#pieces.push(bytes);
      this.#memoryBytes += bytes.length;
    } else this.#pushToFile(bytes);
  }

  /** Copies what came since the last time. */
  keep(): void {
    for (; this.#kept < this.#pieces.length; this.#kept++) {
      const piece = this.#pieces[this.#kept];
      if (piece !== undefined) this.#pieces[this.#kept] = Uint8Array.from(piece);
    }
  }

  /** Goes to a file from here on, what came before included. */
  spill(): void {
    if (this.#file === undefined) this.#pushToFile(empty);
  }

  /** In memory, and on the way to the file. */
  get heldBytes(): number {
    return this.#file === undefined ? this.#memoryBytes : this.#waitingBytes;
  }

  get isFile(): boolean {
    return this.#file !== undefined;
  }

  /** The body, when it was small enough for memory. Valid until anybody calls this again. */
  inMemory(): Uint8Array | undefined {
    if (this.#file !== undefined) return undefined;
    const [only = empty] = this.#pieces;
    return this.#pieces.length <= 1 ? only : joined(this.#pieces, this.#memoryBytes);
  }

  /** A body that was too large for memory. Throws what went wrong with the file. */
  async finish(): Promise<CapturedBody> {
    await this.#writing;
    if (this.#error !== undefined) throw this.#error;
    const writer = await this.#file;
    if (writer === undefined) throw new TypeError('a body without a file is in memory');
    return await writer.finish();
  }

  /** Leaves nothing behind. */
  discard(): void {
    const file = this.#file;
    this.#pieces = [];
    this.#kept = 0;
    if (file === undefined) return;
    void this.#writing.then(async () => (await file).discard()).catch(() => undefined);
  }

  #pushToFile(bytes: Uint8Array): void {
    this.#file ??= this.#owner.createPayload();
    const file = this.#file;
    this.#pieces.push(bytes);
    this.keep();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#kept = 0;
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#addWaiting(length);
    this.#writing = this.#writing
      .then(async () => {
        const writer = await file;
        for (const piece of pieces) if (this.#error === undefined) await writer.write(piece);
      })
      .catch((error: unknown) => (this.#error ??= error))
      .finally(() => this.#addWaiting(-length));
  }

  #addWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#owner.onWaiting(this.#waitingBytes);
  }
}

/** A body is copied into its frame, or its file, before the next one is complete: all of them can share this. */
let shared = Buffer.alloc(0);
const maxSharedBytes = 4 * 1024 * 1024;

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (length > maxSharedBytes) return Buffer.concat(pieces, length);
  if (length > shared.length) shared = Buffer.allocUnsafeSlow(Math.min(maxSharedBytes, 2 * length));
  let at = 0;
  for (const piece of pieces) {
    shared.set(piece, at);
    at += piece.length;
  }
  return shared.subarray(0, length);
}

const empty = new Uint8Array(0);
const nothingToDo = Promise.resolve();
