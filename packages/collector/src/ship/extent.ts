/**
 * The exactly-once rule, whole (decisions/0003):
 *
 * Lines of one file are shipped in spool order, so the file must hold, from `base` on, exactly the bytes of the frames behind
 * the cut. Nobody else writes it. Therefore the length of the file says how many of those bytes are there already, whatever
 * happened: a crash between append and checkpoint, an append that was torn, one that was applied and whose answer was lost.
 * Shipping asks for the length and goes on from exactly that byte, in the middle of a line if need be.
 */
import type { Datastore } from '@gleaner/datastore';

export interface Extent {
  readonly path: string;
  /** Where the next bytes belong. */
  base: number;
  /** Length of the file as the store said or confirmed it; `undefined` after a failed call: ask again. */
  known: number | undefined;
  /** Bytes that were stored and that somebody else cut off. They are gone; writing goes on behind what is left. */
  lostBytes: number;
}

/** Makes the file hold `bytes` at `extent.base`. After a failure, call it again with the same bytes. */
export async function extend(
  datastore: Datastore,
  extent: Extent,
  { bytes, signal }: { bytes: Uint8Array; signal: AbortSignal },
): Promise<void> {
  const length = extent.known ?? (await datastore.length(extent.path, { signal })) ?? 0;
  // Whoever gave up on this call has begun another one, which owns the extent now.
  signal.throwIfAborted();
  if (length < extent.base) {
    extent.lostBytes += extent.base - length;
    extent.base = length;
  }
  const present = length - extent.base;
  if (present < bytes.length) {
    extent.known = undefined;
    await datastore.append(extent.path, { offset: length, bytes: bytes.subarray(present) }, { signal });
    signal.throwIfAborted();
  }
  extent.base += bytes.length;
  extent.known = Math.max(length, extent.base);
}
