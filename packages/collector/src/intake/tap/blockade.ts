/**
 * `on_full: block`: a record that finds no room is offered until it is taken, and while any waits no client is listened to. So
 * an audit loses nothing, and what waits is bounded by the exchanges that were under way.
 */
import type { DropReason } from '@gleaner/protocol';

import type { Acceptance } from '../../flow.ts';

type Offer = (answer: (acceptance: Acceptance) => void) => void;

const retryIntervalMs = 200;

export class Blockade {
  #waiting = 0;
  #opened: (() => void)[] = [];

  /** Clients are to be held back. */
  get isClosed(): boolean {
    return this.#waiting > 0;
  }

  /** Calls `go` once nothing waits any more. */
  whenOpen(go: () => void): void {
    this.#opened.push(go);
  }

  /** Makes the offer until there is room. Returns why the record was refused for another reason. */
  async offer(offer: Offer): Promise<DropReason | undefined> {
    const first = await answerTo(offer);
    if (!isWorthWaiting(first)) return first;
    this.#waiting++;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, retryIntervalMs));
      const reason = await answerTo(offer);
      if (isWorthWaiting(reason)) continue;
      this.#waiting--;
      if (!this.isClosed) for (const go of this.#opened.splice(0)) go();
      return reason;
    }
  }
}

function answerTo(offer: Offer): Promise<DropReason | undefined> {
  return new Promise((resolve) => offer((acceptance) => resolve(refusalOf(acceptance))));
}

export function refusalOf(acceptance: Acceptance): DropReason | undefined {
  return acceptance.kind === 'refused' ? acceptance.reason : undefined;
}

function isWorthWaiting(reason: DropReason | undefined): boolean {
  return reason === 'spool_full' || reason === 'disk_full' || reason === 'spool_failed';
}
