/**
 * Remembers the keys of accepted events, so that one event sent twice becomes one line (design rule 8). Bounded: two
 * generations of `keysPerGeneration`; the older one goes when the younger one is full.
 */
export class RetryMemory {
  readonly #keysPerGeneration: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(keysPerGeneration = 50_000) {
    this.#keysPerGeneration = keysPerGeneration;
  }

  /** More keys than this are never remembered. */
  get capacity(): number {
    return 2 * this.#keysPerGeneration;
  }

  /** Sequence under which the event was written, if it is remembered. */
  sequenceOf(key: string): number | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  remember(key: string, sequence: number): void {
    if (this.#young.size >= this.#keysPerGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, sequence);
  }

  /** For events that were refused after all. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#young.delete(key);
      this.#old.delete(key);
    }
  }

  /** Keys of the frames from `first` to `last`, as far as they are remembered. */
  keysBetween(first: number, last: number): string[] {
    const keys: string[] = [];
    for (const generation of [this.#old, this.#young]) {
      for (const [key, sequence] of generation) if (sequence >= first && sequence <= last) keys.push(key);
    }
    return keys;
  }
}
