/**
 * Ship: makes the files of one datastore hold what is synced in the spool, each line once. A loop of rounds, of one kind where
 * the store appends and of another where it keeps whole objects; windows that are over are sealed when nothing waits for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Datastore } from '@gleaner/datastore';
import { DatastoreError } from '@gleaner/datastore';
import { ExponentialBackoff, TimeoutStrategy, handleWhen, retry, timeout, wrap } from 'cockatiel';

import type { SpoolSource } from '../flow.ts';
import { createAppendRounds } from './append-rounds.ts';
import type { CheckpointFile } from './checkpoint.ts';
import type { ShipContext, ShipEvents } from './context.ts';
import { Ledger } from './ledger.ts';
import { createObjectRounds } from './object-rounds.ts';
import { Pace } from './pace.ts';
import type { Rounds } from './rounds.ts';

export interface ShipperOptions {
  source: SpoolSource;
  datastore: Datastore;
  /** Name of the datastore: only frames for it are shipped. */
  name: string;
  instance: string;
  checkpoint: CheckpointFile;
  flushIntervalMs: number;
  /** A reading of the spool, and an append, carries about this much. */
  maxBatchBytes: number;
  /** Where the store keeps whole objects: what waits is put at this size, at the latest. */
  objectBytes: number;
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

export interface ShipStatus {
  datastore: string;
  /** Last sequence that is stored. */
  storedSequence: number;
  /** Arrival of the oldest record that a round is working on. */
  oldestPendingMs: number | undefined;
  openFiles: number;
  trouble: { code: string; message: string; sinceMs: number } | undefined;
}

/** What a store said before there was anything to ship. */
export interface StartTrouble {
  error: unknown;
  /** Tries the same once more. */
  again(signal: AbortSignal): Promise<void>;
}

/** A store in trouble that nothing is shipped to is asked this often whether it is well again. */
const againIntervalMs = 5000;
const againTimeoutMs = 5000;

/** How often a store of whole objects is asked whether a round is due: the spool is read as it comes, not in bursts. */
const longestPauseMs = 1000;

export class Shipper implements AsyncDisposable {
  readonly #options: ShipperOptions;
  readonly #rounds: Rounds;
  readonly #ledger: Ledger;
  readonly #pace = new Pace();
  /** Ends the loop between rounds. */
  readonly #stop = new AbortController();
  /** Ends the call under way; nothing is done afterwards. */
  readonly #cancel = new AbortController();
  /** Up to here an earlier process may have stored more than its checkpoint says: until then no file is closed. */
  readonly #recoveredSequence: number;
  #running: Promise<void> | undefined;
  #trouble: ShipStatus['trouble'];
  #startTrouble: (StartTrouble & { nextMs: number }) | undefined;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#recoveredSequence = options.source.readableSequence;
    const { mergeWindowMs: earlierWindowMs = options.mergeWindowMs } = options.checkpoint.loaded;
    const context: ShipContext = {
      ...options,
      call: this.#callPolicy(),
      mergeWindowAt: (sequence) =>
        sequence < this.#recoveredSequence ? earlierWindowMs : options.mergeWindowMs,
      isDraining: () => this.#stop.signal.aborted,
    };
    this.#ledger = new Ledger(context, options.checkpoint);
    this.#rounds =
      options.datastore.writes === 'append'
        ? createAppendRounds(context, this.#ledger)
        : createObjectRounds(context, this.#ledger, options);
  }

  /** `trouble`: what `status` says until the store takes something. */
  start(trouble?: StartTrouble): void {
    if (trouble !== undefined) {
      this.#startTrouble = { ...trouble, nextMs: performance.now() + againIntervalMs };
      this.#noteFailure(trouble.error);
    }
    this.#running = this.#run();
  }

  get status(): ShipStatus {
    return {
      datastore: this.#options.name,
      storedSequence: this.#ledger.cut,
      oldestPendingMs: this.#rounds.oldestPendingMs,
      openFiles: this.#ledger.openWindows,
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
    const all = this.#shipAll().then(
      () => true,
      (error: unknown) => {
        this.#noteFailure(error);
        return false;
      },
    );
    return Promise.race([ended, all]);
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
    while (await this.#rounds.next());
    for (const [path, target] of this.#ledger.targets()) await this.#ledger.seal(path, target);
    await this.#ledger.save();
  }

  /** Ends between rounds: a round that was begun is finished by {@link drain}. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const pause = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      try {
        const startMs = performance.now();
        const hasMore = await this.#rounds.next();
        this.#noteSuccess({ ofSpool: true });
        if (hasMore) {
          await pause(this.#pace.pauseAfter(performance.now() - startMs, this.#options.source.fill));
          continue;
        }
        await this.#sealOverdue();
        await this.#askAgain();
      } catch (error) {
        if (this.#cancel.signal.aborted) return;
        this.#noteFailure(error);
      }
      await pause(Math.min(this.#options.flushIntervalMs, longestPauseMs));
    }
  }

  async #sealOverdue(): Promise<void> {
    if (this.#ledger.cut < this.#recoveredSequence) return;
    const { now, sealGraceMs } = this.#options;
    const isOverdue = (windowEnd: number, lastWriteMs: number): boolean =>
      Math.max(windowEnd * 1000, lastWriteMs) + sealGraceMs <= now();
    let sealed = 0;
    for (const [path, target] of this.#ledger.targets()) {
      if (this.#rounds.holds(path) || !isOverdue(target.state.windowEnd, target.lastWriteMs)) continue;
      await this.#ledger.seal(path, target);
      sealed++;
    }
    if (sealed > 0) await this.#ledger.save();
  }

  async #askAgain(): Promise<void> {
    const last = this.#startTrouble;
    if (last === undefined || performance.now() < last.nextMs) return;
    const { signal } = this.#stop;
    try {
      if (this.#trouble !== undefined)
        await last.again(AbortSignal.any([signal, AbortSignal.timeout(againTimeoutMs)]));
      this.#startTrouble = undefined;
      this.#noteSuccess({ ofSpool: false });
    } catch (error) {
      last.nextMs = performance.now() + againIntervalMs;
      if (!signal.aborted) this.#noteFailure(error);
    }
  }

  #callPolicy(): ShipContext['call'] {
    const { retryDelayMs: delay = { least: 100, most: 5_000 }, callTimeoutMs } = this.#options;
    const retries = retry(handleWhen(isWorthAnotherTry), {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: new ExponentialBackoff({ initialDelay: delay.least, maxDelay: delay.most }),
    });
    retries.onFailure(({ reason, handled }) => {
      if (handled) this.#noteFailure('error' in reason ? reason.error : reason.value);
    });
    retries.onSuccess(() => this.#noteSuccess({ ofSpool: false }));
    const policy = wrap(retries, timeout(callTimeoutMs, TimeoutStrategy.Aggressive));
    return (call) => policy.execute((context) => call(context.signal), this.#cancel.signal);
  }

  #noteFailure(error: unknown): void {
    this.#rounds.noteFailure();
    if (this.#cancel.signal.aborted) return;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'store_timeout';
    const message = error instanceof Error ? error.message : String(error);
    if (this.#trouble?.code !== code) {
      this.#options.events.shipFailed({ datastore: this.#options.name, code, message });
    }
    this.#trouble = { code, message, sinceMs: this.#trouble?.sinceMs ?? this.#options.now() };
  }

  /** A call that succeeds says nothing of the spool's own disk; a whole round does. */
  #noteSuccess({ ofSpool }: { ofSpool: boolean }): void {
    if (this.#trouble === undefined || isSpoolTrouble(this.#trouble.code) !== ofSpool) return;
    this.#trouble = undefined;
    this.#options.events.shipRecovered(this.#options.name);
  }
}

export function isSpoolTrouble(code: string): boolean {
  return code.startsWith('spool_');
}

/** An end that is expected is an answer: the caller knows what to do. */
function isWorthAnotherTry(error: unknown): boolean {
  return !(error instanceof DatastoreError && error.code === 'store_object_closed');
}
