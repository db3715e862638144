/**
 * Remembers the keys of accepted events, so that one event sent twice becomes one line (design rule 8). Bounded: two
 * generations of `keysPerGeneration`; the older one goes when the younger one is full.
 *
 * A key is held as 128 bits: the UUID it is, or the head of its SHA-256. Text in a Map costs the intake a tenth of its time.
 */
import { Fingerprints, fingerprint, fingerprintBytes } from './fingerprints.ts';

export class RetryMemory {
  readonly #keysPerGeneration: number;
  #young: Fingerprints;
  #old: Fingerprints;

  constructor(keysPerGeneration = 50_000) {
    this.#keysPerGeneration = keysPerGeneration;
    this.#young = new Fingerprints(keysPerGeneration);
    this.#old = new Fingerprints(keysPerGeneration);
  }

  /** More keys than this are never remembered. */
  get capacity(): number {
    return 2 * this.#keysPerGeneration;
  }

  /** Sequence under which the event was written, if it is remembered. */
  sequenceOf(key: string): number | undefined {
    const print = fingerprint(key);
    return this.#young.get(print) ?? this.#old.get(print);
  }

  remember(key: string, sequence: number): void {
    this.#set(fingerprint(key), sequence);
  }

  /** For events that were refused after all. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) {
      const print = fingerprint(key);
      this.#young.delete(print);
      this.#old.delete(print);
    }
  }

  /** Fingerprints of the frames from `first` to `last`, as far as they are remembered, 16 bytes each. */
  fingerprintsBetween(first: number, last: number): Buffer {
    return Buffer.concat([this.#old.between(first, last), this.#young.between(first, last)]);
  }

  /** Remembers what {@link fingerprintsBetween} gave in an earlier process: events that are stored. */
  restore(prints: Buffer): void {
    const print = new Uint32Array(fingerprintBytes / 4);
    for (let at = 0; at + fingerprintBytes <= prints.length; at += fingerprintBytes) {
      for (let word = 0; word < print.length; word++) print[word] = prints.readUInt32BE(at + 4 * word);
      this.#set(print, 0);
    }
  }

  #set(print: Uint32Array, sequence: number): void {
    if (this.#young.size >= this.#keysPerGeneration) {
      const oldest = this.#old;
      this.#old = this.#young;
      this.#young = oldest;
      this.#young.clear();
    }
    this.#young.set(print, sequence);
  }
}
