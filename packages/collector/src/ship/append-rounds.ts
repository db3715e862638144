/**
 * Rounds for a store that can append: read, sort by window, extend each file (exactly once, see extent.ts), write the
 * checkpoint, release the spool.
 */
import { dataFileName } from '@gleaner/protocol';
import type { ManifestFile } from '@gleaner/protocol';

import { batchByTarget } from './batch.ts';
import type { Batch } from './batch.ts';
import { extendChain } from './chain.ts';
import type { TargetState } from './checkpoint.ts';
import { nextFrames } from './context.ts';
import type { ShipContext } from './context.ts';
import { extend } from './extent.ts';
import type { Extent } from './extent.ts';
import { JoinBuffer } from './join-buffer.ts';
import type { Ledger } from './ledger.ts';
import { mergedLines } from './merge.ts';
import { putPayloads, tellDamages } from './payloads.ts';
import type { Rounds } from './rounds.ts';
import { filePath } from './seal.ts';

interface Round {
  /** Still to be shipped. */
  batches: Batch[];
  lastSequence: number;
  oldestMs: number;
  full: boolean;
}

export function createAppendRounds(context: ShipContext, ledger: Ledger): Rounds {
  return new AppendRounds(context, ledger);
}

class AppendRounds implements Rounds {
  readonly #context: ShipContext;
  readonly #ledger: Ledger;
  readonly #joined = new JoinBuffer();
  readonly #extents = new WeakMap<TargetState, Extent>();
  #current: Round | undefined;

  constructor(context: ShipContext, ledger: Ledger) {
    this.#context = context;
    this.#ledger = ledger;
  }

  get oldestPendingMs(): number | undefined {
    return this.#current?.oldestMs;
  }

  holds(): boolean {
    return false;
  }

  noteFailure(): void {
    this.#joined.giveUp();
  }

  async next(): Promise<boolean> {
    this.#current ??= await this.#read();
    const round = this.#current;
    if (round === undefined) return false;
    await this.#ledger.open(round.batches);
    for (let batch = round.batches[0]; batch !== undefined; batch = round.batches[0]) {
      await this.#ship(batch);
      round.batches.shift();
    }
    this.#current = undefined;
    await this.#ledger.endRound(round.lastSequence);
    const hasMore = round.lastSequence < this.#context.source.readableSequence;
    return hasMore && (round.full || this.#context.isDraining());
  }

  async #read(): Promise<Round | undefined> {
    const { name, instance, maxBatchBytes, source } = this.#context;
    const frames = await nextFrames(this.#context, source, this.#ledger.cut);
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

  async #ship(batch: Batch): Promise<void> {
    const mergeWindowMs = this.#context.mergeWindowAt(this.#ledger.cut);
    const state = this.#ledger.target(batch.path)?.state;
    if (state === undefined) return;
    const damages = await putPayloads(this.#context, batch.path, batch.records);
    const lines = mergeWindowMs > 0 ? mergedLines(batch.records) : batch.records.map((record) => record.line);
    const bytes = this.#joined.join(lines);
    await this.#extend(state, { bytes, lines: lines.length });
    this.#ledger.count(batch.path, {
      records: batch.records.length,
      bytes: bytes.length,
      firstSequence: batch.records[0]?.sequence,
      lastSequence: batch.records.at(-1)?.sequence,
      chain: await extendChain(state.chain, lines),
      dropped: batch.dropped,
    });
    tellDamages(this.#context, state.collection, damages);
  }

  /** Into the last file of the window, and into the next one where that takes no more. */
  async #extend(state: TargetState, all: { bytes: Uint8Array; lines: number }): Promise<void> {
    const { datastore, events, call } = this.#context;
    let { bytes, lines } = all;
    while (bytes.length > 0) {
      const file = state.files.at(-1) ?? this.#nextFile(state);
      const extent = this.#extentOf(state, file);
      const held = await call((signal) => extend(datastore, extent, { bytes, signal }));
      if (extent.lostBytes > 0) events.fileCut({ path: extent.path, lostBytes: extent.lostBytes });
      extent.lostBytes = 0;
      const heldLines = held === bytes.length ? lines : countLines(bytes.subarray(0, held));
      file.lines += heldLines;
      file.bytes = extent.base;
      lines -= heldLines;
      bytes = bytes.subarray(held);
      if (bytes.length > 0) this.#nextFile(state);
    }
  }

  #extentOf(state: TargetState, file: ManifestFile): Extent {
    const path = filePath(state, file.name);
    const known = this.#extents.get(state);
    if (known?.path === path) return known;
    const extent = { path, base: file.bytes, known: undefined, lostBytes: 0 };
    this.#extents.set(state, extent);
    return extent;
  }

  /** Names come in order, so the next process finds the same ones. */
  #nextFile(state: TargetState): ManifestFile {
    const name = dataFileName(this.#context.instance, state.files.length + 1);
    const file = { name, lines: 0, bytes: 0 };
    state.files.push(file);
    return file;
  }
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

const LF = 10;
