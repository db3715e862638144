/**
 * Joins the lines of a batch, always in the same memory: a store that takes a hundred megabytes a second would keep the
 * garbage collector busy otherwise. A call that was given up may still read from it; then it is left to that call.
 */
export class JoinBuffer {
  #buffer: Buffer = Buffer.alloc(0);

  /** Valid until the next call. */
  join(lines: readonly Uint8Array[]): Uint8Array {
    const length = lines.reduce((sum, line) => sum + line.length, 0);
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const line of lines) {
      this.#buffer.set(line, at);
      at += line.length;
    }
    return this.#buffer.subarray(0, length);
  }

  giveUp(): void {
    this.#buffer = Buffer.alloc(0);
  }
}
