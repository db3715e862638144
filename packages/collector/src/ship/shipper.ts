/**
 * Ship: reads what is synced in the spool, and makes the files of one datastore hold it. One round at a time: read, sort by
 * file, extend each file (exactly once, see extent.ts), write the checkpoint, release the spool. Windows that are over are
 * sealed when nothing waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Datastore } from '@gleaner/datastore';
import { ExponentialBackoff, TimeoutStrategy, handleAll, retry, timeout, wrap } from 'cockatiel';

import type { SpoolSource, SpooledFrame } from '../flow.ts';
import { addDropped, batchByTarget } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Checkpoint, CheckpointFile, TargetState } from './checkpoint.ts';
import { checkpointVersion } from './checkpoint.ts';
import { extendChain } from './chain.ts';
import { extend } from './extent.ts';
import type { Extent } from './extent.ts';
import { JoinBuffer } from './join-buffer.ts';
import { mergedLines, readSlot } from './merge.ts';
import { Pace } from './pace.ts';
import { openTarget, seal } from './seal.ts';

export interface ShipperOptions {
  source: SpoolSource;
  datastore: Datastore;
  /** Name of the datastore: only frames for it are shipped. */
  name: string;
  instance: string;
  checkpoint: CheckpointFile;
  flushIntervalMs: number;
  /** A round carries about this much. */
  maxBatchBytes: number;
  /** How long after its end a window waits for late records before it is sealed. */
  sealGraceMs: number;
  /** 0: one line per call. Otherwise calls of one id within a slot of this length share a line. */
  mergeWindowMs: number;
  callTimeoutMs: number;
  /** Between two attempts of a call, with jitter; doubles up to `most`. Default 100 ms to 5 s. */
  retryDelayMs?: { least: number; most: number };
  now: () => number;
  events: ShipEvents;
}

export interface ShipEvents {
  shipFailed(failure: { datastore: string; code: string; message: string }): void;
  shipRecovered(datastore: string): void;
  stored(stored: { collection: string; records: number; bytes: number }): void;
  sealed(sealed: { collection: string; window: string }): void;
  fileCut(cut: { path: string; lostBytes: number }): void;
}

export interface ShipStatus {
  datastore: string;
  /** Last sequence that is stored. */
  storedSequence: number;
  /** Arrival of the oldest record that a round is working on. */
  oldestPendingMs: number | undefined;
  openFiles: number;
  trouble: { code: string; message: string; sinceMs: number } | undefined;
}

interface Round {
  /** Still to be shipped. */
  batches: Batch[];
  lastSequence: number;
  oldestMs: number;
  full: boolean;
}

interface Target {
  state: TargetState;
  extent: Extent;
  /** Late records come in bunches: sealing waits for the end of one. */
  lastWriteMs: number;
}

export class Shipper implements AsyncDisposable {
  readonly #options: ShipperOptions;
  readonly #targets = new Map<string, Target>();
  readonly #sealedHashes: Map<string, string>;
  readonly #joined = new JoinBuffer();
  readonly #pace = new Pace();
  /** Ends the loop between rounds. */
  readonly #stop = new AbortController();
  /** Ends the call under way; nothing is done afterwards. */
  readonly #cancel = new AbortController();
  readonly #policy;
  /** Up to here an earlier process may have stored more than its checkpoint says: until then no file is closed. */
  readonly #recoveredSequence: number;
  #cut: number;
  #savedCut: number;
  #running: Promise<void> | undefined;
  #current: Round | undefined;
  #trouble: ShipStatus['trouble'];

  constructor(options: ShipperOptions) {
    this.#options = options;
    const { loaded } = options.checkpoint;
    this.#cut = loaded.cut;
    this.#savedCut = loaded.cut;
    this.#recoveredSequence = options.source.readableSequence;
    this.#sealedHashes = new Map(Object.entries(loaded.sealed));
    for (const [path, state] of Object.entries(loaded.targets))
      this.#targets.set(path, newTarget(path, state));
    const delay = options.retryDelayMs ?? { least: 100, most: 5_000 };
    const retries = retry(handleAll, {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: new ExponentialBackoff({ initialDelay: delay.least, maxDelay: delay.most }),
    });
    retries.onFailure(({ reason }) => this.#noteFailure('error' in reason ? reason.error : reason.value));
    retries.onSuccess(() => this.#noteSuccess());
    this.#policy = wrap(retries, timeout(options.callTimeoutMs, TimeoutStrategy.Aggressive));
  }

  start(): void {
    this.#running = this.#run();
  }

  get status(): ShipStatus {
    return {
      datastore: this.#options.name,
      storedSequence: this.#cut,
      oldestPendingMs: this.#current?.oldestMs,
      openFiles: this.#targets.size,
      trouble: this.#trouble,
    };
  }

  /**
   * Ships everything the spool accepted and seals every file, window over or not: a clean end leaves nothing open. False when
   * `signal` ended it before: the rest stays in the spool for the next start, and this shipper is done.
   */
  async drain(signal: AbortSignal): Promise<boolean> {
    const ended = new Promise<false>((resolve) => {
      const end = (): void => {
        this.#cancel.abort();
        resolve(false);
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
    return Promise.race([ended, this.#shipAll().then(() => true)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#cancel.abort();
    await this.#running;
  }

  async #shipAll(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#options.source.sync();
    while (await this.#round());
    for (const [path, target] of this.#targets) await this.#seal(path, target);
    await this.#save();
  }

  /** Ends between rounds: a round that was begun is finished by {@link drain}. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const pause = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      try {
        const startMs = performance.now();
        if (await this.#round()) {
          await pause(this.#pace.pauseAfter(performance.now() - startMs, this.#options.source.fill));
          continue;
        }
        await this.#sealOverdue();
      } catch (error) {
        if (this.#cancel.signal.aborted) return;
        this.#noteFailure(error);
      }
      await pause(this.#options.flushIntervalMs);
    }
  }

  /** True when there is more to do at once. A round that failed is gone on with where it stopped. */
  async #round(): Promise<boolean> {
    this.#current ??= await this.#nextRound();
    const round = this.#current;
    if (round === undefined) return false;
    await this.#openTargets(round.batches);
    for (let batch = round.batches[0]; batch !== undefined; batch = round.batches[0]) {
      await this.#ship(batch);
      round.batches.shift();
    }
    this.#current = undefined;
    this.#cut = round.lastSequence;
    await this.#save();
    return this.#cut < this.#options.source.readableSequence && (round.full || this.#stop.signal.aborted);
  }

  async #nextRound(): Promise<Round | undefined> {
    const { name, instance, maxBatchBytes } = this.#options;
    const frames = await this.#nextFrames();
    const last = frames.at(-1);
    if (last === undefined) return undefined;
    const own = frames.filter((frame) => frame.destination.datastore === name);
    const bytes = frames.reduce((sum, frame) => sum + (frame.kind === 'record' ? frame.line.length : 0), 0);
    return {
      batches: [...batchByTarget(own, instance).values()],
      lastSequence: last.sequence,
      oldestMs: frames[0]?.arrivalMs ?? 0,
      // Less than this waits for the flush interval, so that appends stay few.
      full: bytes >= maxBatchBytes / 2,
    };
  }

  #nextFrames(): Promise<SpooledFrame[]> {
    const { source, maxBatchBytes, mergeWindowMs, now } = this.#options;
    if (mergeWindowMs === 0) return source.read(this.#cut, maxBatchBytes);
    const nowMs = this.#stop.signal.aborted ? Number.POSITIVE_INFINITY : now();
    return readSlot(source, { cut: this.#cut, windowMs: mergeWindowMs, nowMs });
  }

  /** The length of a file nobody has open is written down before the first byte goes there. */
  async #openTargets(batches: readonly Batch[]): Promise<void> {
    const { datastore, instance } = this.#options;
    const fresh: Batch[] = [];
    try {
      for (const batch of batches) {
        if (this.#targets.has(batch.path)) continue;
        const state = await this.#call((signal) => openTarget(datastore, batch, { instance, signal }));
        this.#targets.set(batch.path, newTarget(batch.path, state));
        fresh.push(batch);
      }
      if (fresh.length > 0) await this.#save();
    } catch (error) {
      for (const batch of fresh) this.#targets.delete(batch.path);
      throw error;
    }
  }

  async #ship(batch: Batch): Promise<void> {
    const { datastore, mergeWindowMs, events } = this.#options;
    const target = this.#targets.get(batch.path);
    if (target === undefined) return;
    await this.#putPayloads(batch);
    const lines = mergeWindowMs > 0 ? mergedLines(batch.records) : batch.records.map((record) => record.line);
    const bytes = this.#joined.join(lines);
    const { extent, state } = target;
    if (bytes.length > 0) await this.#call((signal) => extend(datastore, extent, { bytes, signal }));
    if (extent.lostBytes > 0) events.fileCut({ path: batch.path, lostBytes: extent.lostBytes });
    extent.lostBytes = 0;
    target.lastWriteMs = this.#options.now();
    state.chain = await extendChain(state.chain, lines);
    count(state, batch, lines.length);
    const { collection } = batch.destination;
    events.stored({ collection, records: batch.records.length, bytes: bytes.length });
  }

  /** A payload is stored before the line that names it; storing it again changes nothing. */
  async #putPayloads(batch: Batch): Promise<void> {
    const { datastore, source } = this.#options;
    const folder = batch.path.slice(0, batch.path.lastIndexOf('/') + 1);
    for (const { payload } of batch.records) {
      if (payload === undefined) continue;
      const body = { byteLength: payload.byteLength, open: () => source.payload(payload.file) };
      await this.#call((signal) => datastore.put(folder + payload.name, body, { signal }));
    }
  }

  async #sealOverdue(): Promise<void> {
    if (this.#cut < this.#recoveredSequence) return;
    const { now, sealGraceMs } = this.#options;
    const overdue = [...this.#targets].filter(
      ([, { state, lastWriteMs }]) => Math.max(state.windowEnd * 1000, lastWriteMs) + sealGraceMs <= now(),
    );
    for (const [path, target] of overdue) await this.#seal(path, target);
    if (overdue.length > 0) await this.#save();
  }

  async #seal(path: string, { state }: Target): Promise<void> {
    const { datastore, instance, now, events } = this.#options;
    const last = this.#sealedHashes.get(state.collectionPath);
    const isFirst = state.replaces.length === 0;
    if (isFirst) state.previous = last ?? null;
    const hash = await this.#call((signal) => seal(datastore, state, { instance, nowMs: now(), signal }));
    if (isFirst || last === undefined || state.replaces.includes(last))
      this.#sealedHashes.set(state.collectionPath, hash);
    this.#targets.delete(path);
    events.sealed({ collection: state.collection, window: state.window });
  }

  /** Only between rounds: the cut and the lengths belong together. */
  async #save(): Promise<void> {
    const targets: Checkpoint['targets'] = {};
    for (const [path, { state, extent }] of this.#targets) {
      state.length = extent.base;
      targets[path] = state;
    }
    const sealed = Object.fromEntries(this.#sealedHashes);
    await this.#options.checkpoint.save({ version: checkpointVersion, cut: this.#cut, targets, sealed });
    if (this.#savedCut !== this.#cut) await this.#options.source.release(this.#cut);
    this.#savedCut = this.#cut;
  }

  #call<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#policy.execute((context) => call(context.signal), this.#cancel.signal);
  }

  #noteFailure(error: unknown): void {
    this.#joined.giveUp();
    if (this.#cancel.signal.aborted) return;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'store_timeout';
    const message = error instanceof Error ? error.message : String(error);
    if (this.#trouble?.code !== code) {
      this.#options.events.shipFailed({ datastore: this.#options.name, code, message });
    }
    this.#trouble = { code, message, sinceMs: this.#trouble?.sinceMs ?? this.#options.now() };
  }

  #noteSuccess(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.events.shipRecovered(this.#options.name);
  }
}

function newTarget(path: string, state: TargetState): Target {
  return { state, extent: { path, base: state.length, known: undefined, lostBytes: 0 }, lastWriteMs: 0 };
}

function count(state: TargetState, batch: Batch, lines: number): void {
  state.lines += lines;
  state.firstSequence ??= batch.records[0]?.sequence ?? null;
  state.lastSequence = batch.records.at(-1)?.sequence ?? state.lastSequence;
  addDropped(state.dropped, batch.dropped);
}
