/**
 * Rounds for a store of whole objects. Frames are counted as they come; once enough of them wait, or the oldest has waited long
 * enough, each window gets one object: `<instance>-<first sequence>.jsonl`.
 *
 * Exactly once (decisions/0003): before the first object of a round is put, the end of the round is written down. So what each
 * object holds is a pure function of the spool, and putting it again, by whoever and however late, changes nothing. The next
 * round begins only when this one is over.
 *
 * Lines are never gathered: they are read from the spool once to be counted and hashed, and again when the store takes them.
 */
import { objectFileName } from '@gleaner/protocol';

import type { SpooledFrame, SpooledPayload } from '../flow.ts';
import { addDropped, batchByTarget } from './batch.ts';
import type { Batch } from './batch.ts';
import { extendChain } from './chain.ts';
import { nextFrames } from './context.ts';
import type { ShipContext } from './context.ts';
import type { Ledger, Shipped } from './ledger.ts';
import { mergedLines } from './merge.ts';
import { putPayloads, tellDamages } from './payloads.ts';
import type { Rounds } from './rounds.ts';
import { filePath } from './seal.ts';

export interface ObjectRoundOptions {
  /** How long lines wait for others before they are put. */
  flushIntervalMs: number;
  /** Of the largest object of a round, about: then nothing waits any longer. */
  objectBytes: number;
}

interface Round {
  /** Where it begins: everything up to here is stored. */
  readonly afterSequence: number;
  /** Last sequence that is counted. */
  lastSequence: number;
  oldestMs: number;
  windows: Map<string, WindowObject>;
  /** Its end is written down: nothing joins it any more. */
  isClosed: boolean;
}

interface WindowObject extends Shipped {
  path: string;
  lines: number;
  payloads: { payload: SpooledPayload }[];
  isStored: boolean;
}

export function createObjectRounds(
  context: ShipContext,
  ledger: Ledger,
  options: ObjectRoundOptions,
): Rounds {
  return new ObjectRounds(context, ledger, options);
}

/** A fuller spool does not wait for company. */
const pressingFill = 0.5;

class ObjectRounds implements Rounds {
  readonly #context: ShipContext;
  readonly #ledger: Ledger;
  readonly #options: ObjectRoundOptions;
  #current: Round | undefined;

  constructor(context: ShipContext, ledger: Ledger, options: ObjectRoundOptions) {
    this.#context = context;
    this.#ledger = ledger;
    this.#options = options;
  }

  get oldestPendingMs(): number | undefined {
    const oldestMs = this.#current?.oldestMs;
    return Number.isFinite(oldestMs) ? oldestMs : undefined;
  }

  holds(path: string): boolean {
    return this.#current?.windows.has(path) ?? false;
  }

  noteFailure(): void {
    // Every attempt reads its lines anew.
  }

  async next(): Promise<boolean> {
    const hasMore = await this.#gather();
    const round = this.#current;
    if (round === undefined) return hasMore;
    if (!round.isClosed) {
      if (!this.#isDue(round)) return hasMore;
      await this.#ledger.beginRound(round.lastSequence);
      round.isClosed = true;
    }
    for (const window of round.windows.values()) await this.#store(window, round);
    this.#current = undefined;
    await this.#ledger.endRound(round.lastSequence);
    return true;
  }

  #isDue({ oldestMs, windows, lastSequence }: Round): boolean {
    const { roundEnd } = this.#ledger;
    // An earlier process began it.
    if (roundEnd !== undefined) return lastSequence >= roundEnd || this.#isAllRead(lastSequence);
    const { objectBytes, flushIntervalMs } = this.#options;
    if (windows.values().some(({ bytes }) => bytes >= objectBytes)) return true;
    // What has piled up behind a store that was away goes into large objects, too.
    if (!this.#isAllRead(lastSequence)) return false;
    // Frames for other stores alone: there is nothing to wait for.
    const isOld = windows.size === 0 || oldestMs + flushIntervalMs <= this.#context.now();
    return isOld || this.#context.isDraining() || this.#context.source.fill >= pressingFill;
  }

  #isAllRead(sequence: number): boolean {
    return sequence >= this.#context.source.readableSequence;
  }

  /** Counts what came since the last call. True when there is more at once. */
  async #gather(): Promise<boolean> {
    const { roundEnd } = this.#ledger;
    const round = this.#current ?? this.#newRound();
    const { lastSequence: before } = round;
    if (round.isClosed || (roundEnd !== undefined && before >= roundEnd)) return false;
    const { source, name, instance } = this.#context;
    const found = await nextFrames(this.#context, source, before);
    const last = found.at(-1)?.sequence;
    if (last === undefined) return false;
    const frames = upTo(found, roundEnd);
    const own = frames.filter((frame) => frame.destination.datastore === name);
    const batches = [...batchByTarget(own, instance).values()];
    await this.#ledger.open(batches);
    const counted: WindowObject[] = [];
    for (const batch of batches)
      counted.push(
        await this.#add(round.windows.get(batch.path) ?? this.#newWindow(batch.path), {
          batch,
          after: before,
        }),
      );
    // All of it or nothing: what failed is read and counted again.
    for (const window of counted) round.windows.set(window.path, window);
    round.lastSequence = Math.min(last, roundEnd ?? last);
    round.oldestMs = Math.min(round.oldestMs, own[0]?.arrivalMs ?? Number.POSITIVE_INFINITY);
    this.#current = round;
    return !this.#isAllRead(last);
  }

  async #add(window: WindowObject, { batch, after }: { batch: Batch; after: number }): Promise<WindowObject> {
    const { records } = batch;
    const lines = this.#linesOf(batch, after);
    const payloads = records.flatMap(({ payload }) => (payload === undefined ? [] : [{ payload }]));
    const dropped = { ...window.dropped };
    addDropped(dropped, batch.dropped);
    return {
      ...window,
      lines: window.lines + lines.length,
      records: window.records + records.length,
      bytes: lines.reduce((sum, line) => sum + line.length, window.bytes),
      firstSequence: window.firstSequence ?? records[0]?.sequence,
      lastSequence: records.at(-1)?.sequence ?? window.lastSequence,
      chain: await extendChain(window.chain, lines),
      dropped,
      payloads: [...window.payloads, ...payloads],
    };
  }

  #newRound(): Round {
    const { cut } = this.#ledger;
    const oldestMs = Number.POSITIVE_INFINITY;
    return { afterSequence: cut, lastSequence: cut, oldestMs, windows: new Map(), isClosed: false };
  }

  #newWindow(path: string): WindowObject {
    return {
      path,
      lines: 0,
      records: 0,
      bytes: 0,
      firstSequence: undefined,
      lastSequence: undefined,
      chain: this.#ledger.target(path)?.state.chain ?? '',
      dropped: {},
      payloads: [],
      isStored: false,
    };
  }

  async #store(window: WindowObject, round: Round): Promise<void> {
    const { datastore, instance, call } = this.#context;
    const state = this.#ledger.target(window.path)?.state;
    if (state === undefined || window.isStored) return;
    const { path, firstSequence, lines, bytes: byteLength } = window;
    const damages = await putPayloads(this.#context, path, window.payloads);
    if (firstSequence !== undefined) {
      const name = objectFileName(instance, firstSequence);
      const body = { byteLength, open: () => this.#read(path, round) };
      await call((signal) => datastore.put(filePath(state, name), body, { signal }));
      state.files.push({ name, lines, bytes: byteLength });
    }
    window.isStored = true;
    this.#ledger.count(path, window);
    tellDamages(this.#context, state.collection, damages);
  }

  /** The lines of one window once more, in reading memory of its own: an attempt that was given up may still be reading. */
  async *#read(path: string, { afterSequence, lastSequence }: Round): AsyncGenerator<Uint8Array> {
    const { source, name, instance } = this.#context;
    const reader = source.openReader();
    for (let after = afterSequence; after < lastSequence;) {
      const found = await nextFrames(this.#context, reader, after);
      const last = found.at(-1);
      if (last === undefined) return;
      const own = upTo(found, lastSequence).filter((frame) => frame.destination.datastore === name);
      const batch = batchByTarget(own, instance).get(path);
      // A copy: the store may keep what it is given until it has sent it.
      if (batch !== undefined) yield Buffer.concat(this.#linesOf(batch, after));
      after = last.sequence;
    }
  }

  /** `after`: where the reading began that gave the batch. */
  #linesOf({ records }: Batch, after: number): Uint8Array[] {
    return this.#context.mergeWindowAt(after) > 0 ? mergedLines(records) : records.map(({ line }) => line);
  }
}

function upTo(frames: SpooledFrame[], sequence: number | undefined): SpooledFrame[] {
  return sequence === undefined ? frames : frames.filter((frame) => frame.sequence <= sequence);
}
