/**
 * The exactly-once rule, whole (decisions/0003):
 *
 * Lines of one file are shipped in spool order, so the file must hold, from `base` on, exactly the bytes of the frames behind
 * the cut. Nobody else writes it. Therefore the length of the file says how many of those bytes are there already, whatever
 * happened: a crash between append and checkpoint, an append that was torn, one that was applied and whose answer was lost.
 * Shipping asks for the length and goes on from exactly that byte, in the middle of a line if need be. A file that takes no more
 * is followed by the next one, and the same holds for both of them one behind the other.
 */
import { DatastoreError } from '@gleaner/datastore';
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

/**
 * Makes the file hold `bytes` at `extent.base`. After a failure, call it again with the same bytes. Gives how many of them it
 * holds: fewer when the file takes no more, and then the rest belongs at the start of the next one.
 */
export async function extend(
  datastore: Datastore,
  extent: Extent,
  { bytes, signal }: { bytes: Uint8Array; signal: AbortSignal },
): Promise<number> {
  const length = extent.known ?? (await datastore.length(extent.path, { signal })) ?? 0;
  // Whoever gave up on this call has begun another one, which owns the extent now.
  signal.throwIfAborted();
  if (length < extent.base) {
    extent.lostBytes += extent.base - length;
    extent.base = length;
  }
  const present = length - extent.base;
  let held = bytes.length;
  if (present < bytes.length) {
    extent.known = undefined;
    const rest = { offset: length, bytes: bytes.subarray(present) };
    if (!(await appended(datastore.append(extent.path, rest, { signal })))) held = present;
    signal.throwIfAborted();
  }
  extent.base += held;
  extent.known = Math.max(length, extent.base);
  return held;
}

/** False when the file takes no more, and nothing was applied. */
async function appended(call: Promise<void>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof DatastoreError && error.code === 'store_object_closed') return false;
    throw error;
  }
}
