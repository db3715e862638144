import { CollectorError } from '../errors.ts';
import type { SpooledFrame } from '../flow.ts';
import { segmentHeaderBytes } from './segment.ts';
import type { Segment } from './segment.ts';

/** Decoded at a time, so that the intake is kept waiting for a millisecond at most. */
const chunkBytes = 256 * 1024;

interface Place {
  /** Last sequence before the place. */
  sequence: number;
  segment: Segment | undefined;
  offset: number;
}

/**
 * Reads the synced frames of a list of segments in order. Remembers where the last reading began and ended, so that going on,
 * or reading the same again, costs no search.
 */
export class SegmentReader {
  readonly #segments: readonly Segment[];
  #start: Place = { sequence: -1, segment: undefined, offset: 0 };
  #end: Place = this.#start;
  /** Memory of the last reading, for the next one. */
  readonly #chunks: Buffer[] = [];
  #chunksUsed = 0;

  /** The list is the spool's own: it grows at the end and shrinks at the front. */
  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  /** Last sequence that can be read. */
  get readableSequence(): number {
    let readable = 0;
    for (const segment of this.#segments) {
      readable = Math.max(readable, segment.syncedSequence);
      if (!segment.isSynced) break;
    }
    return readable;
  }

  /** Frames behind `afterSequence`, about `maxBytes` of them and at least one when there is one. Valid until the next call. */
  async read(afterSequence: number, maxBytes: number): Promise<SpooledFrame[]> {
    const known = [this.#end, this.#start].find((place) => place.sequence === afterSequence);
    this.#start = known ?? { sequence: afterSequence, segment: undefined, offset: 0 };
    const place = { ...this.#start };
    this.#chunksUsed = 0;
    const allocate = (length: number): Buffer => this.#allocate(length);
    const frames: SpooledFrame[] = [];
    let bytes = 0;
    while (this.#advance(place) && bytes < maxBytes) {
      const { segment, offset } = place;
      if (segment === undefined) break;
      const limit = segment.syncedPosition;
      let behind = 0;
      const readBytes = Math.min(maxBytes - bytes, chunkBytes);
      for (const reading of await segment.read(offset, { maxBytes: readBytes, limit, allocate })) {
        if (reading.kind !== 'frame') throw unreadable(segment, offset);
        place.offset = offset + reading.end;
        if (reading.frame.sequence <= place.sequence) {
          behind = reading.end;
          continue;
        }
        place.sequence = reading.frame.sequence;
        frames.push(reading.frame);
      }
      bytes += place.offset - offset - behind;
    }
    this.#end = place;
    return frames;
  }

  #allocate(length: number): Buffer {
    if (length > chunkBytes) return Buffer.allocUnsafeSlow(length);
    const chunk = this.#chunks[this.#chunksUsed] ?? Buffer.allocUnsafeSlow(chunkBytes);
    this.#chunks[this.#chunksUsed++] = chunk;
    return chunk.subarray(0, length);
  }

  /** Moves on to the next segment where one is finished. False when nothing more is synced. */
  #advance(place: Place): boolean {
    if (place.segment !== undefined && place.offset < place.segment.syncedPosition) return true;
    // Not the next one that can be read: behind a failed sync everything waits, or its frames would be passed over.
    const next = this.#segments.find((segment) => segment.lastSequence > place.sequence);
    if (next === undefined || next === place.segment || next.syncedSequence <= place.sequence) return false;
    place.segment = next;
    place.offset = segmentHeaderBytes;
    return true;
  }
}

function unreadable(segment: Segment, offset: number): CollectorError {
  return new CollectorError('spool_failed', `${segment.path} cannot be read back at byte ${offset}.`, {
    fix: 'Check the disk. At the next start the readable part is kept and the rest is put aside.',
  });
}
