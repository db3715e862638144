/** A number of bytes that many may use together, first come, first served. */
export class Budget {
  readonly #limitBytes: number;
  readonly #waiting: (() => void)[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes the bytes in any case; false when the taker must wait for {@link whenRoom} before it uses them. */
  reserve(bytes: number): boolean {
    this.#usedBytes += bytes;
    return this.#usedBytes <= this.#limitBytes;
  }

  whenRoom(go: () => void): void {
    this.#waiting.push(go);
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    while (this.#usedBytes <= this.#limitBytes && this.#waiting.length > 0) this.#waiting.shift()?.();
  }
}
