/** A hash table of 128-bit keys in two typed arrays: open addressing, never more than half full. */
import { hash } from 'node:crypto';

/** Of a key where it is written down. */
export const fingerprintBytes = 16;
const words = 4;
/** What a slot says besides its sequence: numbers that no sequence is. */
const empty = -1;
const deleted = -2;

/** The one that {@link fingerprint} gave last; the next call overwrites it. */
const print = new Uint32Array(words);

/** The 128 bits of a UUID, or the first 128 of the key's SHA-256. Valid until the next call. */
// /!\ Hot path: twice per record.
export function fingerprint(key: string): Uint32Array {
  if (!isUuid(key)) {
    const digest = hash('sha256', key, 'buffer');
    for (let word = 0; word < words; word++) print[word] = digest.readUInt32BE(word * 4);
  }
  return print;
}

/** Reads the digits on the way. */
function isUuid(key: string): boolean {
  if (key.length !== 36) return false;
  let digits = 0;
  let word = 0;
  for (let i = 0; i < 36; i++) {
    const code = key.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== 45) return false;
      continue;
    }
    const digit = code >= 48 && code <= 57 ? code - 48 : (code | 32) - 87;
    if (digit < 0 || digit > 15 || (digit > 9 && (code | 32) < 97)) return false;
    word = (word << 4) | digit;
    if ((++digits & 7) === 0) print[(digits >> 3) - 1] = word;
  }
  return true;
}

export class Fingerprints {
  readonly #mask: number;
  readonly #keys: Uint32Array;
  readonly #sequences: Float64Array;
  #size = 0;

  /** Room for `capacity` keys; more may not be set. */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#mask = slots - 1;
    this.#keys = new Uint32Array(slots * words);
    this.#sequences = new Float64Array(slots).fill(empty);
  }

  /** Keys that were set since the last {@link clear}, deleted ones included. */
  get size(): number {
    return this.#size;
  }

  get(key: Uint32Array): number | undefined {
    const sequence = this.#sequences[this.#slotOf(key)] ?? empty;
    return sequence < 0 ? undefined : sequence;
  }

  set(key: Uint32Array, sequence: number): void {
    const slot = this.#slotOf(key);
    if (this.#sequences[slot] === empty) {
      this.#keys.set(key, slot * words);
      this.#size++;
    }
    this.#sequences[slot] = sequence;
  }

  delete(key: Uint32Array): void {
    const slot = this.#slotOf(key);
    if (this.#sequences[slot] !== empty) this.#sequences[slot] = deleted;
  }

  clear(): void {
    this.#sequences.fill(empty);
    this.#size = 0;
  }

  /** Keys whose sequence lies between, 16 bytes each. */
  between(first: number, last: number): Buffer {
    const target = Buffer.alloc(this.#size * fingerprintBytes);
    const sequences = this.#sequences;
    let at = 0;
    for (let slot = 0; slot < sequences.length; slot++) {
      const sequence = sequences[slot] ?? empty;
      if (sequence < 0 || sequence < first || sequence > last) continue;
      for (let word = slot * words; word < (slot + 1) * words; word++) {
        at = target.writeUInt32BE(this.#keys[word] ?? 0, at);
      }
    }
    return target.subarray(0, at);
  }

  /** Where the key is, or the empty slot where it belongs. */
  #slotOf(key: Uint32Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = key;
    const mixed = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d, 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    const keys = this.#keys;
    while (this.#sequences[slot] !== empty) {
      const at = slot * words;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) return slot;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
