/** Records that are still being made when their exchange is over: bodies on their way to disk, and those that wait for room. */
export class Unfinished {
  readonly #promises = new Set<Promise<unknown>>();

  add(promise: Promise<unknown>): void {
    this.#promises.add(promise);
    void promise.finally(() => this.#promises.delete(promise));
  }

  /** Returns when there are none any more, or when `signal` says so. */
  async over(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (this.#promises.size > 0 && !signal.aborted)
      await Promise.race([Promise.all(this.#promises), aborted]);
  }
}
