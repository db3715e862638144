import { windowBounds, windowFolder } from '@gleaner/protocol';
import type { DropReason } from '@gleaner/protocol';

import type { Destination, SpooledFrame, SpooledRecord } from '../flow.ts';

/** What one round has for one data file, in spool order. */
export interface Batch {
  /** Path of the data file in the store. */
  path: string;
  destination: Destination;
  window: string;
  windowEnd: number;
  records: SpooledRecord[];
  dropped: Partial<Record<DropReason, number>>;
}

/** Sorts frames by the file they belong to: `<collection path>/<window>/<instance>.jsonl`. */
// /!\ Hot path: once per record.
export function batchByTarget(frames: readonly SpooledFrame[], instance: string): Map<string, Batch> {
  const batches = new Map<string, Batch>();
  const find = ({ destination, time }: SpooledFrame): Batch => {
    const window = windowFolder(time, destination.rollingRate);
    const path = `${destination.path}/${window}/${instance}.jsonl`;
    let batch = batches.get(path);
    if (batch === undefined) {
      const windowEnd = windowBounds(time, destination.rollingRate).end;
      batch = { path, destination, window, windowEnd, records: [], dropped: {} };
      batches.set(path, batch);
    }
    return batch;
  };
  // No window is shorter than a minute: frames of one destination and minute belong together.
  const known = new Map<Destination, { minute: number; batch: Batch }>();
  for (const frame of frames) {
    const { destination, time } = frame;
    const minute = Math.floor(time / 60);
    const last = known.get(destination);
    const batch = last?.minute === minute ? last.batch : find(frame);
    if (last?.minute !== minute) known.set(destination, { minute, batch });
    if (frame.kind === 'record') batch.records.push(frame);
    else addDropped(batch.dropped, frame.dropped);
  }
  return batches;
}

export function addDropped(
  sum: Partial<Record<DropReason, number>>,
  more: Readonly<Partial<Record<DropReason, number>>>,
): void {
  for (const [reason, count] of Object.entries(more) as [DropReason, number][]) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
}
