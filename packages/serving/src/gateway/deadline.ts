/** The time that a request has, and the signal that ends it. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #isStopped = false;

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort();
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It was the time, not somebody, that ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** All of the time again: the request itself is still coming. */
  restart(): void {
    if (!this.#isStopped) this.#timer.refresh();
  }

  /** No limit any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  abort(): void {
    this.#controller.abort();
  }
}
