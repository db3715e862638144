import { createCarry } from './carry.ts';
import type { Problem, Unread } from './halt.ts';
import type { Unit } from './unit.ts';

/** Where a reader stands in the bytes of its connection: this chunk, and what earlier ones left unfinished. */
export interface Cursor {
  /** Bytes before the place where the reader stands; a unit that is not yet accepted lies ahead of it. */
  readonly consumedBytes: number;
  /** Nothing of the chunk is left. */
  readonly atEnd: boolean;
  /** Goes on with the next chunk, once the one before is dropped. It is not copied. */
  feed(chunk: Uint8Array): void;
  /** Lets go of the chunk, of which nothing is left. */
  drop(): void;
  /** Passes over one byte if it is this one. */
  skip(byte: number): boolean;
  /** Takes at most so many bytes of the chunk, as a view. */
  slice(maxBytes: number): Uint8Array;
  /** Takes a unit as Latin-1 text, which is its bytes one to one; `undefined` when its end is still to come. */
  take(unit: Unit, maxBytes: number): string | Problem | undefined;
  /** The unit taken last is consumed. */
  accept(): void;
  /** Puts bytes that were just consumed before the next unit. */
  giveBack(bytes: Buffer): void;
  /** What is ahead, copied; the cursor is of no use afterwards. */
  leave(): Unread;
}

export function createCursor(): Cursor {
  return new ChunkCursor();
}

const nothing = Buffer.alloc(0);

class ChunkCursor implements Cursor {
  readonly #carry = createCarry();
  #chunk: Buffer = nothing;
  #at = 0;
  /** Bytes of the chunks before this one. */
  #before = 0;
  #taken = '';

  get consumedBytes(): number {
    return this.#before + this.#at - this.#carry.length - this.#taken.length;
  }

  get atEnd(): boolean {
    return this.#at === this.#chunk.length;
  }

  feed(chunk: Uint8Array): void {
    this.#chunk = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }

  drop(): void {
    this.#before += this.#chunk.length;
    this.#chunk = nothing;
    this.#at = 0;
  }

  skip(byte: number): boolean {
    if (this.#chunk[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  slice(maxBytes: number): Uint8Array {
    const start = this.#at;
    this.#at = Math.min(start + maxBytes, this.#chunk.length);
    return this.#chunk.subarray(start, this.#at);
  }

  take(unit: Unit, maxBytes: number): string | Problem | undefined {
    const found = this.#carry.length > 0 ? -1 : this.#chunk.indexOf(unit.mark, this.#at);
    const end = found + unit.mark.length;
    if (found < 0 || end - this.#at > maxBytes) return this.#takeCut(unit, maxBytes);
    this.#taken = this.#chunk.toString('latin1', this.#at, end);
    this.#at = end;
    return this.#taken;
  }

  #takeCut(unit: Unit, maxBytes: number): string | Problem | undefined {
    const carried = this.#carry.length;
    const taken = this.#carry.add(this.#chunk.subarray(this.#at), unit, maxBytes);
    if (taken === undefined) this.#at = this.#chunk.length;
    else if (typeof taken === 'string') {
      this.#at += taken.length - carried;
      this.#taken = taken;
    }
    return taken;
  }

  accept(): void {
    this.#taken = '';
  }

  giveBack(bytes: Buffer): void {
    this.#carry.reset(bytes);
  }

  leave(): Unread {
    const { consumedBytes } = this;
    const ahead = this.#chunk.subarray(this.#at);
    const rest = Buffer.concat([Buffer.from(this.#taken, 'latin1'), this.#carry.bytes(), ahead]);
    this.#carry.reset(nothing);
    this.#chunk = nothing;
    return { consumedBytes, rest };
  }
}
