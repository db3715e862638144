import { hash } from 'node:crypto';

/** Tells which events came up before, exactly, in memory of about 32 bytes × `maxEntries`, whatever comes. */
export interface EventIds {
  /** Remembers an event. True when it came up before, in the part at hand. */
  seenBefore(source: string, id: string): boolean;
  /**
   * When the table was full, it left some events to a later part. Call this after a round over all events; while it says true,
   * make another round over them.
   */
  nextPart(): boolean;
  /** How many events came up too often so far, each as often as it was too much. */
  readonly repeated: number;
}

export function createEventIds({ maxEntries = 4 * 1024 * 1024 }: { maxEntries?: number } = {}): EventIds {
  return new HashedIds(maxEntries);
}

const wordsPerSlot = 4;
const leastSlots = 1024;
/** The lowest byte of the hash says which part an event belongs to. */
const mostParts = 256;

/** Events whose lowest hash byte, divided by `parts`, leaves `rest`. */
interface Part {
  parts: number;
  rest: number;
}

class HashedIds implements EventIds {
  readonly #maxEntries: number;
  readonly #later: Part[] = [];
  #part: Part = { parts: 1, rest: 0 };
  /** Open addressing; 128 bits of SHA-256 a slot, the last bit always set: a slot of zeros is free. */
  #table = new Uint32Array(leastSlots * wordsPerSlot);
  #entries = 0;
  /** Repeats of this round by lowest byte: those of events that are left to a later part will be counted there. */
  #repeats = new Uint32Array(mostParts);
  #repeatsBefore = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get repeated(): number {
    return this.#repeats.reduce((sum, count) => sum + count, this.#repeatsBefore);
  }

  seenBefore(source: string, id: string): boolean {
    const digest = hash('sha256', `${source}\n${id}`, 'buffer');
    const words = new Uint32Array(
      digest.buffer.slice(digest.byteOffset, digest.byteOffset + 4 * wordsPerSlot),
    );
    words[wordsPerSlot - 1] = (words[wordsPerSlot - 1] ?? 0) | 1;
    if (!isOf(this.#part, words)) return false;
    const slot = slotOf(this.#table, words);
    if (this.#table[slot + wordsPerSlot - 1] !== 0) {
      const low = lowByte(words);
      this.#repeats[low] = (this.#repeats[low] ?? 0) + 1;
      return true;
    }
    this.#table.set(words, slot);
    this.#entries++;
    if (this.#entries > this.#maxEntries && this.#part.parts < mostParts) this.#leaveHalf();
    else if (this.#entries * wordsPerSlot * 2 > this.#table.length) this.#rebuild(this.#table.length * 2);
    return false;
  }

  nextPart(): boolean {
    this.#repeatsBefore = this.repeated;
    this.#repeats.fill(0);
    this.#table = new Uint32Array(leastSlots * wordsPerSlot);
    this.#entries = 0;
    const next = this.#later.pop();
    if (next !== undefined) this.#part = next;
    return next !== undefined;
  }

  #leaveHalf(): void {
    const { parts, rest } = this.#part;
    this.#part = { parts: parts * 2, rest };
    this.#later.push({ parts: parts * 2, rest: rest + parts });
    for (let low = rest + parts; low < mostParts; low += parts * 2) this.#repeats[low] = 0;
    this.#rebuild(this.#table.length);
  }

  #rebuild(length: number): void {
    const old = this.#table;
    this.#table = new Uint32Array(length);
    this.#entries = 0;
    for (let slot = 0; slot < old.length; slot += wordsPerSlot) {
      const words = old.subarray(slot, slot + wordsPerSlot);
      if (words[wordsPerSlot - 1] === 0 || !isOf(this.#part, words)) continue;
      this.#table.set(words, slotOf(this.#table, words));
      this.#entries++;
    }
  }
}

function lowByte(words: Uint32Array): number {
  return (words[0] ?? 0) % mostParts;
}

function isOf({ parts, rest }: Part, words: Uint32Array): boolean {
  return lowByte(words) % parts === rest;
}

/** Where `words` stand in the table, or the free slot where they belong. Half of the table is always free. */
function slotOf(table: Uint32Array, words: Uint32Array): number {
  let slot = ((words[1] ?? 0) * wordsPerSlot) % table.length;
  while (table[slot + wordsPerSlot - 1] !== 0 && !sameWords(table, { slot, words })) {
    slot = (slot + wordsPerSlot) % table.length;
  }
  return slot;
}

function sameWords(table: Uint32Array, { slot, words }: { slot: number; words: Uint32Array }): boolean {
  return words.every((word, index) => table[slot + index] === word);
}
