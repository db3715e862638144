/** Sums up dropped records by window until the spool can note them for the manifest. */
import { eventTime, windowFolder } from '@gleaner/protocol';
import type { DropReason } from '@gleaner/protocol';

import type { Destination, EventHead, SpooledTally } from './flow.ts';

export type Tally = Pick<SpooledTally, 'destination' | 'time' | 'dropped'>;

/** Senders choose the times of their events: beyond this many windows at once the rest goes uncounted in manifests. */
const maxWindows = 10_000;

export class DropTally {
  #windows = new Map<string, Tally>();

  /** Counts one record for the window its event time picks. */
  add(destination: Destination, head: EventHead, reason: DropReason): void {
    const time = eventTime(head.attributes.time, head.arrivalMs).seconds;
    const key = `${destination.datastore}/${destination.path}/${windowFolder(time, destination.rollingRate)}`;
    let tally = this.#windows.get(key);
    if (tally === undefined) {
      if (this.#windows.size >= maxWindows) return;
      tally = { destination, time, dropped: {} };
      this.#windows.set(key, tally);
    }
    tally.dropped[reason] = (tally.dropped[reason] ?? 0) + 1;
  }

  /** Hands every tally to `note` and forgets those it took. */
  flush(note: (tally: Tally) => boolean): void {
    for (const [key, tally] of this.#windows) if (note(tally)) this.#windows.delete(key);
  }
}
