/**
 * The spool: what is acknowledged is here first. Records become frames of segments; all frames that arrive while a write is
 * under way go out with the next one (group commit); at most one sync runs at a time.
 *
 * - `ack: written`: accepted once the kernel has the frame; a killed process loses nothing. A sync follows within
 *   {@link syncIntervalMs}.
 * - `ack: durable`: accepted after the sync; a power cut loses nothing, either.
 *
 * Only synced frames are readable, so that the store never holds a line the spool could forget (decisions/0004).
 */
import type { DropReason } from '@gleaner/protocol';

import { causeOf } from '../errors.ts';
import type {
  Acceptance,
  AdmittedPayload,
  AdmittedRecord,
  PayloadWriter,
  SpoolSource,
  SpooledPayload,
  SpooledTally,
} from '../flow.ts';
import type { SpoolFiles } from '../files.ts';
import { ChunkPool, Group } from './group.ts';
import type { Payloads } from './payloads.ts';
import type { RetryMemory } from './retry-memory.ts';
import { createSegment } from './segment.ts';
import type { Segment } from './segment.ts';
import { SegmentReader } from './source.ts';

export const syncIntervalMs = 100;
/** After a failed write nothing is tried for this long; senders are told to come back. */
const pauseAfterFailureMs = 1000;

export type Acknowledgement = 'written' | 'durable';

export interface SpoolSettings {
  acknowledge: Acknowledgement;
  /** Limit of everything in the spool, payloads included. */
  maxBytes: number;
  /** A segment is finished at this weight; it can be removed once all of it is stored. */
  segmentBytes: number;
  now: () => number;
  events: SpoolEvents;
}

export interface SpoolEvents {
  spoolWriteFailed(cause: string): void;
  spoolWriteRecovered(): void;
  spoolSyncFailed(cause: string): void;
}

/** What `openSpool` found and made. */
export interface SpoolParts {
  files: SpoolFiles;
  segmentFolder: string;
  instance: string;
  memory: RetryMemory;
  payloads: Payloads;
  /** Recovered segments, oldest first; none of them is written to again. */
  segments: Segment[];
  lastSequence: number;
  unlock: () => void;
}

export interface SpoolStatus {
  bytes: number;
  maxBytes: number;
  segments: number;
  /** What keeps the spool from taking records at this moment. */
  trouble: DropReason | undefined;
  troubleCause: string | undefined;
  /** Last frame that is accepted. */
  acceptedSequence: number;
}

export class Spool implements AsyncDisposable {
  readonly instance: string;
  readonly #settings: SpoolSettings;
  readonly #parts: SpoolParts;
  readonly #chunks = new ChunkPool();
  readonly #segments: Segment[];
  /** The segment being written; none before the first group and after a failure. */
  #segment: Segment | undefined;
  #group: Group;
  #writing: Group | undefined;
  #flushing: Promise<void> | undefined;
  #flushScheduled = false;
  #syncing: Promise<void> | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #lastSequence: number;
  #acceptedSequence: number;
  #nextIndex: number;
  #storedBytes: number;
  #trouble: { reason: DropReason; cause: string; untilMs: number } | undefined;
  #closed = false;
  readonly #sources: { released: number }[] = [];

  constructor(settings: SpoolSettings, parts: SpoolParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.instance = parts.instance;
    this.#segments = parts.segments;
    this.#group = new Group(this.#chunks);
    this.#lastSequence = parts.lastSequence;
    this.#acceptedSequence = parts.lastSequence;
    this.#nextIndex = (parts.segments.at(-1)?.index ?? 0) + 1;
    this.#storedBytes = parts.segments.reduce((sum, segment) => sum + segment.weight, 0);
  }

  /** Takes a record, or says why not; `answer` is called once, as soon as the acknowledgement holds. */
  append(record: AdmittedRecord, answer: (acceptance: Acceptance) => void): void {
    const refusal = this.#refusal(record);
    if (refusal !== undefined) return answer({ kind: 'refused', reason: refusal });
    const { retryKey } = record;
    const earlier = retryKey === undefined ? undefined : this.#parts.memory.sequenceOf(retryKey);
    if (earlier !== undefined) this.#answerRetry(earlier, answer);
    else if (record.payload === undefined) this.#enqueue(record, undefined, answer);
    else void this.#appendPayload(record, record.payload, answer);
  }

  /** Notes dropped records, so that the manifest of their window can tell. Best effort: a full spool forgets them. */
  noteDropped(tally: Pick<SpooledTally, 'destination' | 'time' | 'dropped'>): boolean {
    if (this.#closed || this.#trouble !== undefined) return false;
    this.#group.add({
      sequence: ++this.#lastSequence,
      destination: tally.destination,
      time: tally.time,
      arrivalMs: this.#settings.now(),
      retryKey: undefined,
      payload: undefined,
      content: { kind: 'tally', dropped: tally.dropped },
    });
    this.#schedule();
    return true;
  }

  /** For bodies that are too large to wait in memory: written as they come, before the record is admitted. */
  createPayload(): Promise<PayloadWriter> {
    return this.#parts.payloads.create();
  }

  /** A reader with a position of its own. A segment is removed once every reader released it. */
  openSource(releasedSequence: number): SpoolSource {
    const reader = new SegmentReader(this.#segments);
    const state = { released: releasedSequence };
    this.#sources.push(state);
    const newest = (): number =>
      this.#segments.reduce((last, segment) => Math.max(last, segment.syncedSequence), 0);
    return {
      read: (afterSequence, maxBytes) => reader.read(afterSequence, maxBytes),
      payload: (file) => this.#parts.payloads.read(file),
      release: (sequence) => {
        state.released = sequence;
        return this.#removeReleased();
      },
      get readableSequence() {
        return newest();
      },
      sync: () => this.#settle(),
    };
  }

  get status(): SpoolStatus {
    return {
      bytes: this.#bytes,
      maxBytes: this.#settings.maxBytes,
      segments: this.#segments.length,
      trouble: this.#trouble?.reason,
      troubleCause: this.#trouble?.cause,
      acceptedSequence: this.#acceptedSequence,
    };
  }

  /** Refuses what comes from now on; what was accepted before is written and synced. */
  async stopAccepting(): Promise<void> {
    this.#closed = true;
    await this.#settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAccepting();
    for (const segment of this.#segments) await segment.close();
    this.#parts.unlock();
  }

  get #bytes(): number {
    return this.#storedBytes + this.#group.weight + (this.#writing?.weight ?? 0);
  }

  #refusal(record: AdmittedRecord): DropReason | undefined {
    if (this.#closed) return 'shutting_down';
    if (this.#trouble !== undefined && this.#settings.now() < this.#trouble.untilMs)
      return this.#trouble.reason;
    const payload = record.payload?.body;
    const payloadBytes =
      payload === undefined ? 0 : payload.kind === 'file' ? payload.byteLength : payload.bytes.length;
    const lineBytes =
      record.line.kind === 'whole' ? record.line.text.length : record.line.scan.embeddedLength + 1024;
    const bytes = this.#bytes + lineBytes + payloadBytes;
    return bytes > this.#settings.maxBytes ? 'spool_full' : undefined;
  }

  /** The event is here already: its answer is the answer of the group that holds the first one. */
  #answerRetry(earlier: number, answer: (acceptance: Acceptance) => void): void {
    if (earlier <= this.#acceptedSequence) answer({ kind: 'accepted' });
    else if (this.#writing !== undefined && earlier <= this.#writing.lastSequence)
      this.#writing.waiting.push(answer);
    else this.#group.waiting.push(answer);
  }

  async #appendPayload(
    record: AdmittedRecord,
    payload: AdmittedPayload,
    answer: (acceptance: Acceptance) => void,
  ): Promise<void> {
    let body = payload.body;
    try {
      if (body.kind === 'memory') {
        const writer = await this.#parts.payloads.create();
        await writer.write(body.bytes);
        body = { kind: 'file', ...(await writer.finish()) };
      }
    } catch (error) {
      return answer({ kind: 'refused', reason: this.#fail(error) });
    }
    if (this.#closed) return answer({ kind: 'refused', reason: 'shutting_down' });
    this.#enqueue(record, { file: body.file, name: payload.name, byteLength: body.byteLength }, answer);
  }

  // /!\ Hot path: one call per record.
  #enqueue(
    record: AdmittedRecord,
    payload: SpooledPayload | undefined,
    answer: (acceptance: Acceptance) => void,
  ): void {
    const sequence = ++this.#lastSequence;
    const { destination, time, arrivalMs, retryKey } = record;
    this.#group.add({ sequence, destination, time, arrivalMs, retryKey, payload, content: record.line });
    this.#group.waiting.push(answer);
    if (retryKey !== undefined) this.#parts.memory.remember(retryKey, sequence);
    this.#schedule();
  }

  /** Lets everything that this turn of the event loop brings join the group. */
  #schedule(): void {
    if (this.#flushScheduled || this.#flushing !== undefined) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined;
        if (!this.#group.isEmpty) this.#schedule();
      });
    });
  }

  async #flush(): Promise<void> {
    while (!this.#group.isEmpty) {
      const group = this.#group;
      this.#group = new Group(this.#chunks);
      this.#writing = group;
      const acceptance = await this.#write(group);
      this.#writing = undefined;
      group.settle(acceptance);
    }
  }

  async #write(group: Group): Promise<Acceptance> {
    try {
      const segment = await this.#segmentFor(group);
      const sync = this.#settings.acknowledge === 'durable';
      await segment.write(group, { sync });
      this.#storedBytes += group.weight;
      if (!sync) this.#syncSoon();
    } catch (error) {
      const reason = this.#fail(error);
      await this.#abandon(group);
      return { kind: 'refused', reason };
    }
    this.#acceptedSequence = group.lastSequence;
    if (this.#trouble !== undefined) {
      this.#trouble = undefined;
      this.#settings.events.spoolWriteRecovered();
    }
    return { kind: 'accepted' };
  }

  async #segmentFor(group: Group): Promise<Segment> {
    const { segmentBytes, acknowledge } = this.#settings;
    let segment = this.#segment;
    if (segment !== undefined && segment.weight + group.weight > segmentBytes && segment.lastSequence > 0) {
      await this.#sync();
      segment = undefined;
    }
    if (segment === undefined) {
      segment = await createSegment(this.#parts.files, this.#parts.segmentFolder, this.#nextIndex++);
      this.#storedBytes += segment.weight;
      this.#segments.push(segment);
      this.#segment = segment;
      await this.#removeReleased();
    }
    if (acknowledge === 'durable') await segment.preallocate(segmentBytes);
    return segment;
  }

  /** Nothing of a group that was refused may come back after a crash: its segment is cut and never written again. */
  async #abandon(group: Group): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    this.#parts.memory.forget(group.retryKeys);
    await this.#parts.payloads.remove(group.payloads.map((payload) => payload.file)).catch(() => undefined);
    await segment
      ?.abandon()
      .catch((error: unknown) => this.#settings.events.spoolWriteFailed(causeOf(error)));
  }

  #fail(error: unknown): DropReason {
    const cause = causeOf(error);
    const reason = cause === 'ENOSPC' || cause === 'EDQUOT' ? 'disk_full' : 'spool_failed';
    if (this.#trouble === undefined) this.#settings.events.spoolWriteFailed(cause);
    this.#trouble = { reason, cause, untilMs: this.#settings.now() + pauseAfterFailureMs };
    return reason;
  }

  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      void this.#sync();
    }, syncIntervalMs);
  }

  /** Syncs the segment being written; a second caller waits for the sync under way and gets one of its own. */
  async #sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    const segment = this.#segment;
    if (segment === undefined || segment.syncedPosition === segment.position) return;
    this.#syncing = segment
      .sync()
      .catch((error: unknown) => {
        this.#settings.events.spoolSyncFailed(causeOf(error));
        if (!this.#closed) this.#syncSoon();
      })
      .finally(() => (this.#syncing = undefined));
    await this.#syncing;
  }

  async #settle(): Promise<void> {
    while (this.#flushing !== undefined || !this.#group.isEmpty) {
      await (this.#flushing ?? new Promise<void>((resolve) => setImmediate(resolve)));
    }
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    await this.#sync();
  }

  async #removeReleased(): Promise<void> {
    const released = this.#sources.reduce((least, source) => Math.min(least, source.released), Infinity);
    for (;;) {
      const segment = this.#segments[0];
      if (segment === undefined || segment.lastSequence > released) return;
      if (segment === this.#segment && !this.#finishesEarly(segment)) return;
      this.#segments.shift();
      this.#storedBytes -= segment.weight;
      await segment.close();
      await this.#parts.files.remove(segment.path);
      await this.#parts.payloads.remove(segment.payloads);
    }
  }

  /** Large payloads may fill the spool before the segment is long enough: once all of it is stored it may go, too. */
  #finishesEarly(segment: Segment): boolean {
    if (this.#flushing !== undefined || segment.weight < this.#settings.segmentBytes) return false;
    this.#segment = undefined;
    return true;
  }
}
