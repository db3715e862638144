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
  PayloadFile,
  SpoolPayloadWriter,
  SpoolSource,
  SpooledPayload,
  SpooledTally,
} from '../flow.ts';
import { ChunkPool, Group } from './group.ts';
import type { Payloads } from './payloads.ts';
import type { RetryMemory } from './retry-memory.ts';
import type { Segments } from './segments.ts';
import { createWaitingPayload } from './waiting-payload.ts';

export const syncIntervalMs = 100;
/** After a failed write nothing is tried for this long; senders are told to come back. */
const pauseAfterFailureMs = 1000;

/** A refusal for want of room counts as "full" for this long: the next record may be as large. */
const fullForMs = 10_000;

/** What a line has beside its body, about. */
const attributeBytes = 1024;

export type Acknowledgement = 'written' | 'durable';

export interface SpoolSettings {
  acknowledge: Acknowledgement;
  /** Limit of everything in the spool, payloads included. */
  maxBytes: number;
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
  instance: string;
  memory: RetryMemory;
  payloads: Payloads;
  segments: Segments;
  lastSequence: number;
  recoveredStores: ReadonlyMap<string, number>;
  /** Kept aside when the spool was opened. */
  damagedBytes: number;
  unlock: () => void;
}

export interface SpoolStatus {
  bytes: number;
  maxBytes: number;
  segments: number;
  damagedBytes: number;
  /** Nearly full, or a record had no room in it a moment ago. */
  isFull: boolean;
  /** What keeps the spool from taking records at this moment. */
  trouble: DropReason | undefined;
  troubleCause: string | undefined;
  /** Last frame that is accepted. */
  acceptedSequence: number;
}

export class Spool implements AsyncDisposable {
  readonly instance: string;
  /** Last sequence of each datastore among the frames that were there when it was opened. */
  readonly recoveredStores: ReadonlyMap<string, number>;
  readonly #settings: SpoolSettings;
  readonly #parts: SpoolParts;
  readonly #chunks = new ChunkPool();
  #group: Group;
  #writing: Group | undefined;
  #flushing: Promise<void> | undefined;
  #flushScheduled = false;
  #syncing: Promise<void> | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #lastSequence: number;
  #acceptedSequence: number;
  #trouble: { reason: DropReason; cause: string; untilMs: number } | undefined;
  #lastArrivalMs = Number.NEGATIVE_INFINITY;
  #fullMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** Records that were let in, and whose bodies become files first. */
  readonly #appending = new Set<Promise<void>>();

  constructor(settings: SpoolSettings, parts: SpoolParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.instance = parts.instance;
    this.recoveredStores = parts.recoveredStores;
    this.#group = new Group(this.#chunks);
    this.#lastSequence = parts.lastSequence;
    this.#acceptedSequence = parts.lastSequence;
  }

  /**
   * Takes a record, or says why not; `answer` is called once, as soon as the acknowledgement holds. A body in a file is the
   * spool's once it is accepted, and its owner's otherwise.
   */
  append(record: AdmittedRecord, answer: (acceptance: Acceptance) => void): void {
    const refusal = this.#refusal(weightOf(record));
    if (record.payload === undefined) this.#admit(record, undefined, { refusal, answer });
    else {
      const appending = this.#appendPayload(record, record.payload, { refusal, answer }).finally(() =>
        this.#appending.delete(appending),
      );
      this.#appending.add(appending);
    }
  }

  /** Whether a record with a body of this length would be refused now, before anything is made of it. */
  refusalOf(bodyBytes: number): DropReason | undefined {
    return this.#refusal(bodyBytes + attributeBytes);
  }

  /** Notes dropped records, so that the manifest of their window can tell. Best effort: a full spool forgets them. */
  noteDropped(tally: Pick<SpooledTally, 'destination' | 'time' | 'dropped'>): boolean {
    if (this.#closed || this.#trouble !== undefined) return false;
    this.#group.add({
      sequence: ++this.#lastSequence,
      destination: tally.destination,
      time: tally.time,
      arrivalMs: this.#arrivalMs(),
      retryKey: undefined,
      payload: undefined,
      content: { kind: 'tally', dropped: tally.dropped },
    });
    this.#schedule();
    return true;
  }

  /**
   * For bodies that are too large to wait in memory: written as they come, before the record is admitted. `mayWait`: until the
   * disk takes them.
   */
  createPayload(mayWait = false): Promise<SpoolPayloadWriter> {
    const create = (): Promise<SpoolPayloadWriter> => this.#parts.payloads.create();
    if (!mayWait) return create();
    return createWaitingPayload({
      create,
      onFailed: (error) => void this.#fail(error),
      isOver: () => this.#closed,
    });
  }

  /** Of a record that was not accepted. At worst the next start removes it: nothing points to it. */
  removePayload(file: string): void {
    void this.#parts.payloads.remove([file]).catch(() => undefined);
  }

  /** A reader with a position of its own. A segment is removed once every reader released it. */
  openSource(releasedSequence: number): SpoolSource {
    const fill = (): number => this.#bytes / this.#settings.maxBytes;
    return this.#parts.segments.openSource(releasedSequence, {
      sync: () => this.#settle(),
      get fill() {
        return fill();
      },
    });
  }

  get status(): SpoolStatus {
    return {
      bytes: this.#bytes,
      maxBytes: this.#settings.maxBytes,
      segments: this.#parts.segments.count,
      damagedBytes: this.#parts.damagedBytes,
      isFull: this.#isFull,
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
    await this.#parts.segments.close();
    this.#parts.unlock();
  }

  get #isFull(): boolean {
    const { maxBytes, now } = this.#settings;
    return this.#bytes >= 0.95 * maxBytes || now() - this.#fullMs < fullForMs;
  }

  get #bytes(): number {
    return this.#parts.segments.bytes + this.#group.weight + (this.#writing?.weight ?? 0);
  }

  #refusal(recordBytes: number): DropReason | undefined {
    if (this.#closed) return 'shutting_down';
    if (this.#trouble !== undefined && this.#settings.now() < this.#trouble.untilMs)
      return this.#trouble.reason;
    if (this.#bytes + recordBytes <= this.#settings.maxBytes) return undefined;
    this.#fullMs = this.#settings.now();
    return 'spool_full';
  }

  /** The event is here already: its answer is the answer of the group that holds the first one. */
  #answerRetry(earlier: number, answer: (acceptance: Acceptance) => void): void {
    const again = (acceptance: Acceptance): void =>
      answer(acceptance.kind === 'accepted' ? { kind: 'repeated' } : acceptance);
    if (earlier <= this.#acceptedSequence) answer({ kind: 'repeated' });
    else if (this.#writing !== undefined && earlier <= this.#writing.lastSequence)
      this.#writing.waiting.push(again);
    else this.#group.waiting.push(again);
  }

  /** A body in memory becomes a file first. Meanwhile the same event may come again; a spool that closes waits. */
  async #appendPayload(record: AdmittedRecord, payload: AdmittedPayload, door: Entry): Promise<void> {
    const { body, name } = payload;
    if (body.kind === 'file') return this.#admit(record, { ...fileOf(body), name }, door);
    if (door.refusal !== undefined || this.#sequenceOf(record) !== undefined)
      return this.#admit(record, undefined, door);
    const bytes = Uint8Array.from(body.bytes);
    try {
      const file = fileOf(await this.#writePayload(bytes));
      const answer = (acceptance: Acceptance): void => {
        if (acceptance.kind !== 'accepted') this.removePayload(file.file);
        door.answer(acceptance);
      };
      this.#admit(record, { ...file, name }, { answer, refusal: undefined });
    } catch (error) {
      door.answer({ kind: 'refused', reason: this.#fail(error) });
    }
  }

  /** Leaves nothing behind when it fails. */
  async #writePayload(bytes: Uint8Array): Promise<PayloadFile> {
    const writer = await this.#parts.payloads.create();
    try {
      await writer.write(bytes);
      return await writer.finish();
    } catch (error) {
      await writer.discard().catch(() => undefined);
      throw error;
    }
  }

  // /!\ Hot path: one call per record.
  #admit(record: AdmittedRecord, payload: SpooledPayload | undefined, { refusal, answer }: Entry): void {
    const earlier = refusal === undefined ? this.#sequenceOf(record) : undefined;
    if (refusal === undefined && earlier === undefined) return this.#enqueue(record, payload, answer);
    if (refusal !== undefined) answer({ kind: 'refused', reason: refusal });
    else if (earlier !== undefined) this.#answerRetry(earlier, answer);
  }

  #sequenceOf({ retryKey }: AdmittedRecord): number | undefined {
    return retryKey === undefined ? undefined : this.#parts.memory.sequenceOf(retryKey);
  }

  #enqueue(
    record: AdmittedRecord,
    payload: SpooledPayload | undefined,
    answer: (acceptance: Acceptance) => void,
  ): void {
    const sequence = ++this.#lastSequence;
    const { destination, time, retryKey } = record;
    const arrivalMs = this.#arrivalMs();
    this.#group.add({ sequence, destination, time, arrivalMs, retryKey, payload, content: record.line });
    this.#group.waiting.push(answer);
    if (retryKey !== undefined) this.#parts.memory.remember(retryKey, sequence);
    this.#schedule();
  }

  /** Of frames, in spool order: a slow body does not go back in time, and neither does a clock that was set. */
  #arrivalMs(): number {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#settings.now());
    return this.#lastArrivalMs;
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
    const { acknowledge, events } = this.#settings;
    try {
      await this.#parts.segments.write(group, { sync: acknowledge === 'durable' });
    } catch (error) {
      const reason = this.#fail(error);
      await this.#abandon(group);
      return { kind: 'refused', reason };
    }
    if (!this.#parts.segments.isSynced) this.#syncSoon();
    this.#acceptedSequence = group.lastSequence;
    if (this.#trouble !== undefined) {
      this.#trouble = undefined;
      events.spoolWriteRecovered();
    }
    return { kind: 'accepted' };
  }

  async #abandon(group: Group): Promise<void> {
    const { memory, segments } = this.#parts;
    memory.forget(group.retryKeys);
    await segments
      .abandonCurrent()
      .catch((error: unknown) => this.#settings.events.spoolWriteFailed(causeOf(error)));
    this.#syncSoon();
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

  /** A second caller waits for the sync under way and gets one of its own. */
  async #sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    const { segments } = this.#parts;
    if (segments.isSynced) return;
    this.#syncing = segments
      .sync()
      .catch((error: unknown) => {
        this.#settings.events.spoolSyncFailed(causeOf(error));
        if (!this.#closed) this.#syncSoon();
      })
      .finally(() => (this.#syncing = undefined));
    await this.#syncing;
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#appending);
    while (this.#flushing !== undefined || !this.#group.isEmpty) {
      await (this.#flushing ?? new Promise<void>((resolve) => setImmediate(resolve)));
    }
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    await this.#sync();
  }
}

/** In bytes, nearly. */
function weightOf({ line, payload }: AdmittedRecord): number {
  const body = payload?.body;
  const payloadBytes = body === undefined ? 0 : body.kind === 'file' ? body.byteLength : body.bytes.length;
  const lineBytes = line.kind === 'whole' ? line.text.length : line.scan.embeddedLength + attributeBytes;
  return lineBytes + payloadBytes;
}

interface Entry {
  refusal: DropReason | undefined;
  answer: (acceptance: Acceptance) => void;
}

function fileOf({ file, byteLength }: PayloadFile): Pick<SpooledPayload, 'file' | 'byteLength'> {
  return { file, byteLength };
}
