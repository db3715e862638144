/**
 * Serving comes first: while the thread has no time to spare, a round of shipping is followed by a pause nine times as long.
 * The spool takes the difference; once it is half full shipping goes on without pauses (decisions/0012).
 */
import { performance } from 'node:perf_hooks';

const busyFrom = 0.75;
const pausePerRound = 9;
const longestPauseMs = 1000;
const fullFrom = 0.5;

export class Pace {
  #before = performance.eventLoopUtilization();

  /** Milliseconds to wait after a round of `roundMs`; `fill` is the share of the spool's limit that is used. */
  pauseAfter(roundMs: number, fill: number): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const isBusy = utilization > busyFrom && fill < fullFrom;
    return isBusy ? Math.min(pausePerRound * roundMs, longestPauseMs) : 0;
  }
}
