import { strayMessage } from './grammar.ts';
import { problem } from './halt.ts';
import type { Problem } from './halt.ts';
import type { Unit } from './unit.ts';

/** Holds the beginning of a unit that is cut by the end of a chunk, until the rest comes. Costs time in proportion to it. */
export interface Carry {
  readonly length: number;
  /** What is held. Valid until the next call. */
  bytes(): Uint8Array;
  /** Forgets what is held and holds `bytes` instead. */
  reset(bytes: Buffer): void;
  /** Takes from `chunk` what is still missing: the whole unit when that is now there, `undefined` when all was taken. */
  add(chunk: Buffer, unit: Unit, maxBytes: number): string | Problem | undefined;
}

export function createCarry(): Carry {
  return new GrowingCarry();
}

const empty = Buffer.alloc(0);

class GrowingCarry implements Carry {
  #held: Buffer = empty;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(): Uint8Array {
    return this.#held.subarray(0, this.#length);
  }

  reset(bytes: Buffer): void {
    this.#held = bytes;
    this.#length = bytes.length;
  }

  add(chunk: Buffer, unit: Unit, maxBytes: number): string | Problem | undefined {
    const { mark } = unit;
    const before = this.#length;
    const markInChunk = chunk.indexOf(mark);
    const wanted = markInChunk < 0 ? chunk.length : markInChunk + mark.length;
    const filled = Math.min(before + wanted, maxBytes);
    this.#reserve(filled, maxBytes);
    chunk.copy(this.#held, before, 0, filled - before);

    // The mark may lie across the two, and then ends before the one found in the chunk.
    const held = this.#held.subarray(0, filled);
    const found = held.indexOf(mark, Math.max(0, before - mark.length + 1));
    const end = found < 0 ? filled : found + mark.length;
    if (holdsStray(held, before, end)) return problem(unit.stray, strayMessage);
    if (found >= 0) {
      const text = held.toString('latin1', 0, end);
      this.reset(empty);
      return text;
    }
    if (filled === maxBytes)
      return problem(unit.tooLarge, `The ${unit.name} is longer than ${maxBytes} bytes`);
    this.#length = filled;
    return undefined;
  }

  /** Doubles, so that bytes coming one by one are copied twice on average, not as often as there are bytes. */
  #reserve(bytes: number, maxBytes: number): void {
    if (bytes <= this.#held.length) return;
    const grown = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(1024, bytes, this.#held.length * 2)));
    this.#held.copy(grown, 0, 0, this.#length);
    this.#held = grown;
  }
}

/** A line ends in CR LF and nowhere else. Looked for at once: who ends a head in two line feeds now waits for an answer. */
function holdsStray(bytes: Buffer, from: number, end: number): boolean {
  let previous = bytes[from - 1];
  for (let i = from; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === 0 || (byte === 10) !== (previous === 13)) return true;
    previous = byte;
  }
  return false;
}
