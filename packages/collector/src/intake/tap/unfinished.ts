/**
 * Records that are under way when their exchange is over: bodies that go to disk, and those that wait for room. The end of the
 * collector waits for them.
 */
export class Unfinished {
  #count = 0;
  #waiting: (() => void)[] = [];

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) for (const go of this.#waiting.splice(0)) go();
  }

  /** Returns when there are none any more, or when `signal` says so. */
  async over(signal: AbortSignal): Promise<void> {
    if (this.#count === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
