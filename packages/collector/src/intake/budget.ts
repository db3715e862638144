/** A number of bytes that many use together. */
export class Budget {
  readonly #limitBytes: number;
  /** First come, first served. */
  readonly #queue: Turn[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes the bytes in any case; false when there are not as many. */
  reserve(bytes: number): boolean {
    this.#usedBytes += bytes;
    return this.#usedBytes <= this.#limitBytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#grantNext();
  }

  /**
   * Takes the bytes when it is their turn, which may be at once. A turn comes always: who asks for more than there is has it when
   * nobody else uses any.
   */
  // /!\ Hot path: once per request.
  ask(bytes: number): Turn {
    const turn: Turn = { bytes, isGranted: false, onGranted: undefined };
    this.#queue.push(turn);
    this.#grantNext();
    return turn;
  }

  /** Of bytes that were used, or of a turn that was waited for. May be called again. */
  giveBack(turn: Turn): void {
    if (turn.isGranted) this.#usedBytes -= turn.bytes;
    else this.#leave(turn);
    turn.isGranted = false;
    turn.bytes = 0;
    this.#grantNext();
  }

  #leave(turn: Turn): void {
    const place = this.#queue.indexOf(turn);
    if (place >= 0) this.#queue.splice(place, 1);
  }

  #grantNext(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#usedBytes > 0 && this.#usedBytes + next.bytes > this.#limitBytes) return;
      this.#queue.shift();
      this.#usedBytes += next.bytes;
      next.isGranted = true;
      next.onGranted?.();
    }
  }
}

/** A place in a {@link Budget}. */
export interface Turn {
  bytes: number;
  isGranted: boolean;
  /** Called when the turn comes later. */
  onGranted: (() => void) | undefined;
}
