import type { Acceptance, SpooledPayload } from '../flow.ts';
import { frameBytesAtMost, writeFrame } from './frame.ts';
import type { FrameContent } from './frame.ts';

const chunkBytes = 256 * 1024;

/** Frames that go to disk with one write, and the senders who wait for it. */
export class Group {
  readonly pieces: Buffer[] = [];
  readonly waiting: ((acceptance: Acceptance) => void)[] = [];
  readonly retryKeys: string[] = [];
  readonly payloads: SpooledPayload[] = [];
  byteLength = 0;
  firstSequence = 0;
  lastSequence = 0;
  readonly #chunks: ChunkPool;
  #chunk: Buffer | undefined;
  #used = 0;

  constructor(chunks: ChunkPool) {
    this.#chunks = chunks;
  }

  /** What it adds to the spool, payloads included, in bytes. */
  get weight(): number {
    return this.payloads.reduce((sum, payload) => sum + payload.byteLength, this.byteLength);
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.byteLength === 0;
  }

  // /!\ Hot path: frames are written where the disk takes them from.
  add(frame: FrameContent): void {
    const room = frameBytesAtMost(frame);
    if (this.#chunk === undefined || this.#used + room > this.#chunk.length) {
      this.#finishChunk();
      this.#chunk = room > chunkBytes ? Buffer.allocUnsafeSlow(room) : this.#chunks.take();
    }
    const end = writeFrame(frame, this.#chunk, this.#used);
    this.byteLength += end - this.#used;
    this.#used = end;
    if (this.firstSequence === 0) this.firstSequence = frame.sequence;
    this.lastSequence = frame.sequence;
    if (frame.retryKey !== undefined) this.retryKeys.push(frame.retryKey);
    if (frame.payload !== undefined) this.payloads.push(frame.payload);
  }

  /** What to write; nothing may be added afterwards. */
  finish(): readonly Buffer[] {
    this.#finishChunk();
    return this.pieces;
  }

  /** Answers everybody, and gives the memory back. */
  settle(acceptance: Acceptance): void {
    for (const answer of this.waiting) answer(acceptance);
    for (const piece of this.pieces) this.#chunks.giveBack(piece);
  }

  #finishChunk(): void {
    if (this.#chunk !== undefined) this.pieces.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = undefined;
    this.#used = 0;
  }
}

/** Reuses the buffers of groups: two are under way at a time, one being filled and one being written. */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  }

  giveBack(piece: Buffer): void {
    if (piece.buffer.byteLength === chunkBytes && this.#free.length < 8)
      this.#free.push(Buffer.from(piece.buffer));
  }
}
