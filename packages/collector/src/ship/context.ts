import type { Datastore } from '@gleaner/datastore';

import type { SpoolSource, SpooledFrame } from '../flow.ts';
import { readSlot } from './merge.ts';

export interface ShipEvents {
  shipFailed(failure: { datastore: string; code: string; message: string }): void;
  shipRecovered(datastore: string): void;
  stored(stored: { collection: string; records: number; bytes: number }): void;
  sealed(sealed: { collection: string; window: string }): void;
  /** Of a body beside its line less was in the spool than was accepted. */
  bodyDamaged(damage: { collection: string; lostBytes: number }): void;
  fileCut(cut: { path: string; lostBytes: number }): void;
}

/** What the parts of ship share: one spool, one datastore, and how calls to it are made. */
export interface ShipContext {
  source: SpoolSource;
  datastore: Datastore;
  /** Name of the datastore: only frames for it are shipped. */
  name: string;
  instance: string;
  /** A reading of the spool carries about this much. */
  maxBatchBytes: number;
  /**
   * For the frames behind a sequence. 0: one line per call. Otherwise calls of one id within a slot of this length share a line.
   * What an earlier process may have stored stays joined as it was.
   */
  mergeWindowAt(sequence: number): number;
  now: () => number;
  events: ShipEvents;
  /** Makes a call to the store, again and again until it succeeds or ship is cancelled. */
  call<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Nothing waits for company any more. */
  isDraining(): boolean;
}

/** The frames behind `after`, as many as belong together; none when nothing is synced, or the slot of the next is not over. */
export function nextFrames(
  context: ShipContext,
  reader: Pick<SpoolSource, 'read'>,
  after: number,
): Promise<SpooledFrame[]> {
  const { source, maxBatchBytes, now } = context;
  const mergeWindowMs = context.mergeWindowAt(after);
  if (mergeWindowMs === 0) return reader.read(after, maxBatchBytes);
  const nowMs = context.isDraining() ? Number.POSITIVE_INFINITY : now();
  const slots = {
    read: (sequence: number, maxBytes: number) => reader.read(sequence, maxBytes),
    sync: () => source.sync(),
  };
  return readSlot(slots, { cut: after, windowMs: mergeWindowMs, nowMs });
}
