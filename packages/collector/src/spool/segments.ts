/** The segments of a spool, oldest first: the last one is written to, and the first ones go once every reader released them. */
import type { SpoolFiles } from '../files.ts';
import type { SpoolSource } from '../flow.ts';
import type { Payloads } from './payloads.ts';
import type { RetryKeys } from './retry-keys.ts';
import { createSegment } from './segment.ts';
import type { FrameGroup, Segment } from './segment.ts';
import { SegmentReader } from './source.ts';

export interface SegmentsOptions {
  files: SpoolFiles;
  folder: string;
  payloads: Payloads;
  retryKeys: RetryKeys;
  /** Recovered ones; none of them is written to again. */
  recovered: Segment[];
  /** A segment is finished at this weight; it can be removed once all of it is stored. */
  segmentBytes: number;
  onRemoveFailed(error: unknown): void;
}

export class Segments {
  readonly #options: SegmentsOptions;
  readonly #all: Segment[];
  readonly #sources: { released: number }[] = [];
  #current: Segment | undefined;
  #isWriting = false;
  #nextIndex: number;
  #bytes: number;
  #removing: Promise<void> = Promise.resolve();

  constructor(options: SegmentsOptions) {
    this.#options = options;
    this.#all = options.recovered;
    this.#nextIndex = (this.#all.at(-1)?.index ?? 0) + 1;
    this.#bytes = this.#all.reduce((sum, segment) => sum + segment.weight, 0);
  }

  /** Everything they hold, payloads included. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#all.length;
  }

  /** The segment being written; none before the first group and after a failure. */
  get current(): Segment | undefined {
    return this.#current;
  }

  /** Writes a group behind the last one. When it fails the current segment is given up: see {@link abandonCurrent}. */
  async write(group: FrameGroup & { weight: number }, options: { sync: boolean }): Promise<void> {
    this.#isWriting = true;
    try {
      const segment = await this.#segmentFor(group);
      if (options.sync) await segment.preallocate(this.#options.segmentBytes);
      const { weight } = segment;
      await segment.write(group, options);
      this.#bytes += segment.weight - weight;
    } finally {
      this.#isWriting = false;
    }
  }

  /** Makes everything written so far readable, also what an earlier sync failed for. */
  async sync(): Promise<void> {
    for (const segment of this.#all) if (!segment.isSynced) await segment.sync();
  }

  get isSynced(): boolean {
    return this.#all.every((segment) => segment.isSynced);
  }

  /** Nothing of a group that was refused may come back after a crash: its segment is cut and never written again. */
  async abandonCurrent(): Promise<void> {
    const segment = this.#current;
    this.#current = undefined;
    await segment?.abandon();
  }

  /** A reader with a position of its own. A segment is removed once every reader released it. */
  openSource(releasedSequence: number, spool: Pick<SpoolSource, 'sync' | 'fill'>): SpoolSource {
    const reader = new SegmentReader(this.#all);
    const state = { released: releasedSequence };
    this.#sources.push(state);
    return {
      read: (afterSequence, maxBytes) => reader.read(afterSequence, maxBytes),
      openReader: () => new SegmentReader(this.#all),
      payload: (file) => this.#options.payloads.read(file),
      payloadBytes: (file) => this.#options.payloads.byteLength(file),
      release: (sequence) => {
        state.released = sequence;
        this.#removeSoon();
        return this.#removing;
      },
      get fill() {
        return spool.fill;
      },
      get readableSequence() {
        return reader.readableSequence;
      },
      sync: () => spool.sync(),
    };
  }

  async close(): Promise<void> {
    await this.#removing;
    for (const segment of this.#all) await segment.close();
  }

  async #segmentFor(group: FrameGroup & { weight: number }): Promise<Segment> {
    const { files, folder, segmentBytes } = this.#options;
    let segment = this.#current;
    if (segment !== undefined && segment.weight + group.weight > segmentBytes && segment.lastSequence > 0) {
      await segment.sync();
      segment = undefined;
    }
    if (segment === undefined) {
      segment = await createSegment(files, folder, this.#nextIndex++);
      this.#bytes += segment.weight;
      this.#all.push(segment);
      this.#current = segment;
      this.#removeSoon();
    }
    return segment;
  }

  /** Nobody who writes waits for it. */
  #removeSoon(): void {
    this.#removing = this.#removing.then(() => this.#removeReleased()).catch(this.#options.onRemoveFailed);
  }

  async #removeReleased(): Promise<void> {
    const released = this.#sources.reduce((least, source) => Math.min(least, source.released), Infinity);
    for (;;) {
      const segment = this.#all[0];
      if (segment === undefined || segment.lastSequence > released) return;
      if (segment === this.#current && !this.#finishesEarly(segment)) return;
      this.#all.shift();
      await this.#remove(segment);
    }
  }

  async #remove(segment: Segment): Promise<void> {
    const { files, payloads, retryKeys } = this.#options;
    const failure = await retryKeys.keep(segment).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#bytes -= segment.weight;
    await segment.close();
    await files.remove(segment.path);
    await payloads.remove(segment.payloads);
    // On a full disk the keys had no room; now there is some.
    if (failure !== undefined) await retryKeys.keep(segment);
  }

  /** Large payloads may fill the spool before the segment is long enough: once all of it is stored it may go, too. */
  #finishesEarly(segment: Segment): boolean {
    if (this.#isWriting || segment.weight < this.#options.segmentBytes) return false;
    this.#current = undefined;
    return true;
  }
}
