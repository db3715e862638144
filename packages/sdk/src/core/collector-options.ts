import type { CollectorError } from './errors.ts';

export interface CollectorOptions {
  /** The collection, in any case. */
  name: string;
  /**
   * Told once of every event that will not arrive, and of a collector that may not collect. Without it, the constructor throws
   * the latter, and every lost event is a warning of the process. What it throws itself becomes a warning, but for the constructor.
   */
  onError?: ((error: CollectorError) => void) | undefined;
  /** Columns whose numbers are floats even when all of them are whole (`1` is written `1.0`); `true` for all columns. */
  floatColumns?: true | readonly string[] | undefined;
}

export interface CollectorStats {
  /** Taken by `collect`; the sum of the next three. */
  accepted: number;
  delivered: number;
  failed: number;
  waiting: number;
  /** Left out by the sampling rate, which is no error. */
  sampledOut: number;
  /** Turned away with an error by the constructor or by `collect`. */
  refused: number;
}

export interface WaitOptions {
  /** How long to wait at most; without it, until the last event is settled, which takes little more than `retryForMs`. */
  timeoutMs?: number;
}
