/**
 * What ship keeps of the windows it is writing: the checkpoint while the process lives. Windows are opened before their first
 * byte, counted with each, and sealed when they are over.
 */
import { openTarget, seal } from './seal.ts';
import { addDropped } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Checkpoint, CheckpointFile, TargetState } from './checkpoint.ts';
import { checkpointVersion } from './checkpoint.ts';
import type { ShipContext } from './context.ts';

export interface Target {
  state: TargetState;
  /** Late records come in bunches: sealing waits for the end of one. */
  lastWriteMs: number;
}

/** What was stored of one window. */
export interface Shipped {
  records: number;
  bytes: number;
  firstSequence: number | undefined;
  lastSequence: number | undefined;
  chain: string;
  dropped: Batch['dropped'];
}

export class Ledger {
  readonly #context: ShipContext;
  readonly #file: CheckpointFile;
  readonly #targets = new Map<string, Target>();
  readonly #sealedHashes: Map<string, string>;
  readonly #place: string | undefined;
  #cut: number;
  #savedCut: number;
  #roundEnd: number | undefined;

  constructor(context: ShipContext, file: CheckpointFile) {
    this.#context = context;
    this.#file = file;
    const { cut, sealed, targets, roundEnd, place } = file.loaded;
    this.#place = place;
    this.#cut = cut;
    this.#savedCut = cut;
    this.#roundEnd = roundEnd;
    this.#sealedHashes = new Map(Object.entries(sealed));
    for (const [path, state] of Object.entries(targets)) this.#targets.set(path, { state, lastWriteMs: 0 });
  }

  /** Everything up to this sequence is stored. */
  get cut(): number {
    return this.#cut;
  }

  /** Where the round of objects ends that was begun behind {@link cut}. */
  get roundEnd(): number | undefined {
    return this.#roundEnd;
  }

  get openWindows(): number {
    return this.#targets.size;
  }

  target(path: string): Target | undefined {
    return this.#targets.get(path);
  }

  targets(): Iterable<[path: string, target: Target]> {
    return [...this.#targets];
  }

  /** What is known of a window nobody has open is written down before the first byte goes there. */
  async open(batches: Iterable<Batch>): Promise<void> {
    const { datastore, instance, call } = this.#context;
    const fresh: string[] = [];
    try {
      for (const batch of batches) {
        if (this.#targets.has(batch.path)) continue;
        const state = await call((signal) => openTarget(datastore, batch, { instance, signal }));
        this.#targets.set(batch.path, { state, lastWriteMs: 0 });
        fresh.push(batch.path);
      }
      if (fresh.length > 0) await this.save();
    } catch (error) {
      for (const path of fresh) this.#targets.delete(path);
      throw error;
    }
  }

  /** Counts what its files hold already. */
  count(path: string, shipped: Shipped): void {
    const target = this.#targets.get(path);
    if (target === undefined) return;
    const { state } = target;
    target.lastWriteMs = this.#context.now();
    state.chain = shipped.chain;
    state.firstSequence ??= shipped.firstSequence ?? null;
    state.lastSequence = shipped.lastSequence ?? state.lastSequence;
    addDropped(state.dropped, shipped.dropped);
    const { records, bytes } = shipped;
    this.#context.events.stored({ collection: state.collection, records, bytes });
  }

  /** From here on the objects behind the cut are those of the frames up to `sequence`, whatever happens. */
  async beginRound(sequence: number): Promise<void> {
    this.#roundEnd = sequence;
    await this.save();
  }

  async endRound(sequence: number): Promise<void> {
    this.#cut = sequence;
    this.#roundEnd = undefined;
    await this.save();
  }

  async seal(path: string, { state }: Target): Promise<void> {
    const { datastore, instance, now, events, call } = this.#context;
    const last = this.#sealedHashes.get(state.collectionPath);
    const isFirst = state.replaces.length === 0;
    if (isFirst) state.previous = last ?? null;
    const hash = await call((signal) => seal(datastore, state, { instance, nowMs: now(), signal }));
    if (isFirst || last === undefined || state.replaces.includes(last))
      this.#sealedHashes.set(state.collectionPath, hash);
    this.#targets.delete(path);
    events.sealed({ collection: state.collection, window: state.window });
  }

  /** Only between rounds: the cut and the lengths belong together. */
  async save(): Promise<void> {
    const targets: Checkpoint['targets'] = {};
    for (const [path, { state }] of this.#targets) targets[path] = state;
    await this.#file.save({
      version: checkpointVersion,
      cut: this.#cut,
      ...(this.#place !== undefined && { place: this.#place }),
      mergeWindowMs: this.#context.mergeWindowAt(this.#cut),
      ...(this.#roundEnd !== undefined && { roundEnd: this.#roundEnd }),
      targets,
      sealed: Object.fromEntries(this.#sealedHashes),
    });
    if (this.#savedCut !== this.#cut) await this.#context.source.release(this.#cut);
    this.#savedCut = this.#cut;
  }
}
