/** Bytes that leave a redactor; the memory is used again. */
export class Output {
  #memory = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.#memory.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  addText(text: string): void {
    this.#reserve(3 * text.length);
    this.#length += this.#memory.write(text, this.#length);
  }

  /** Valid until more is added. */
  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Moves what stands behind `from` to the front. */
  keepFrom(from: number): void {
    this.#memory.copyWithin(0, from, this.#length);
    this.#length -= from;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#memory.length) return;
    const memory = Buffer.allocUnsafe(Math.max(needed, 2 * this.#memory.length, 1024));
    memory.set(this.bytes());
    this.#memory = memory;
  }
}
