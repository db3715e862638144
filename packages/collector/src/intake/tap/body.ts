/**
 * The body of a tapped message: gathered within a budget, decoded when it is over. Unless the deployment asks for
 * `on_full: block`, it never holds anybody back.
 */
import type { DataStatus, Extension } from '@gleaner/protocol';

import type { CapturedBody, PayloadWriter } from '../../flow.ts';
import type { Budget } from '../budget.ts';
import { BodyBuffer } from '../body.ts';
import { decodeContent } from './content-encoding.ts';
import { assembled } from './form.ts';
import type { BodyForm, Understood } from './form.ts';

export interface TapBodyOptions {
  /** Memory for bodies of all exchanges together. */
  budget: Budget;
  /** What does not fit into memory goes to a file of the spool, or is cut there. */
  largeBodies: 'spool' | 'truncate';
  maxMemoryBytes: number;
  /** Larger bodies are not kept. */
  maxBodyBytes: number;
  /** Whether memory and disk are waited for. */
  onFull: 'drop' | 'block';
}

export interface TapBodyOwner {
  createPayload(): Promise<PayloadWriter>;
  /** The sender of this body is to be held back, or not any more. Comes with `block` alone. */
  onHold(isHeld: boolean): void;
  /** The file could not be written: nothing of the body is kept. */
  onFailed(error: unknown): void;
}

export interface FinishedBody {
  body: CapturedBody;
  /** What its record says of it. */
  attributes: readonly Extension[];
  /** It came to its end, or said so itself. */
  isComplete: boolean;
}

export interface BodyFacts {
  contentEncoding: string | undefined;
  form: BodyForm | undefined;
}

/** Bytes waiting for the file below which a sender that was held back goes on. */
const lowWaterBytes = 256 * 1024;

export class TapBody {
  /** That is undone for the record. */
  readonly #encoding: string | undefined;
  #form: BodyForm | undefined;
  readonly #options: TapBodyOptions;
  readonly #owner: TapBodyOwner;
  #buffer: BodyBuffer | undefined;
  /** Why it is not whole, or not there. */
  #status: DataStatus | undefined;
  #sentBytes = 0;
  #reservedBytes = 0;
  #isHeld = false;

  constructor({ contentEncoding, form }: BodyFacts, options: TapBodyOptions, owner: TapBodyOwner) {
    const encoding = contentEncoding?.trim().toLowerCase();
    this.#encoding = encoding === 'identity' || encoding === '' ? undefined : encoding;
    this.#form = form;
    this.#options = options;
    this.#owner = owner;
    this.#buffer = new BodyBuffer(options.maxMemoryBytes, {
      createPayload: () => owner.createPayload(),
      onWaiting: (bytes) => this.#onWaiting(bytes),
    });
  }

  /** Its client does not want it to be kept. */
  optOut(): void {
    this.#form = undefined;
    this.#giveUp('opted_out');
  }

  /** The bytes must not change any more. */
  push(bytes: Uint8Array): void {
    this.#sentBytes += bytes.length;
    if (this.#form?.kind === 'stream' && this.#encoding === undefined) this.#form.assembler.push(bytes);
    if (this.#buffer === undefined || this.#status === 'truncated') return;
    const { largeBodies, maxMemoryBytes, maxBodyBytes } = this.#options;
    if (this.#sentBytes > maxBodyBytes) return this.#giveUp('too_large');
    if (largeBodies === 'truncate' && this.#sentBytes > maxMemoryBytes) {
      this.#buffer.push(bytes.subarray(0, bytes.length - (this.#sentBytes - maxMemoryBytes)));
      this.#status = 'truncated';
    } else this.#buffer.push(bytes);
    if (!this.#settleBudget()) this.#onBudgetSpent(this.#buffer);
  }

  /** What most bodies are: in memory, and kept as they came. Valid until anybody calls this again. */
  finishAtOnce(isWhole: boolean): FinishedBody | undefined {
    const isPlain = this.#encoding === undefined && this.#form === undefined && this.#status === undefined;
    const bytes = isWhole && isPlain ? this.#buffer?.inMemory() : undefined;
    if (bytes === undefined) return undefined;
    this.#release();
    return { body: { kind: 'memory', bytes }, attributes: [], isComplete: true };
  }

  /** `isWhole`: the message came to its end. Never rejects. */
  async finish(isWhole: boolean): Promise<FinishedBody> {
    const attributes: Extension[] = this.#encoding === undefined ? [] : [['contentencoding', this.#encoding]];
    try {
      const captured = await this.#captured();
      const decoded = await this.#decoded(captured, isWhole);
      const understood = decoded && (await this.#understand(decoded, isWhole));
      const isComplete = isWhole || understood?.isComplete === true;
      if (!isComplete) this.#status ??= 'aborted';
      if (decoded === undefined) this.#status ??= 'undecodable';
      if (understood !== undefined) attributes.push(...understood.attributes);
      const body = this.#marked(decoded ?? captured);
      return { body: understood ? this.#inItsPlace(body, understood) : body, attributes, isComplete };
    } catch (error) {
      this.#owner.onFailed(error);
      this.#giveUp('truncated');
      return { body: this.#marked({ kind: 'absent' }), attributes, isComplete: isWhole };
    } finally {
      this.#release();
    }
  }

  /** With its content encoding undone; `undefined` when that cannot be. */
  async #decoded(captured: CapturedBody, isWhole: boolean): Promise<CapturedBody | undefined> {
    const encoding = this.#encoding;
    const isPart = !isWhole || this.#status !== undefined || this.#sentBytes === 0;
    return encoding === undefined || isPart ? captured : await decodeContent(captured, encoding);
  }

  async #understand(body: CapturedBody, isWhole: boolean): Promise<Understood | undefined> {
    const form = this.#form;
    if (form === undefined) return undefined;
    const isWholeInMemory = isWhole && this.#status === undefined && body.kind === 'memory';
    if (form.kind === 'tensors') return isWholeInMemory ? await form.read(body.bytes) : undefined;
    if (this.#encoding !== undefined) {
      if (!isWholeInMemory) return undefined;
      form.assembler.push(body.bytes);
    }
    return assembled(form.assembler);
  }

  /** A stream stays beside what was made of it; rows say all that their tensors say. */
  #inItsPlace(body: CapturedBody, { json }: Understood): CapturedBody {
    const { status } = body;
    return {
      kind: 'memory',
      bytes: json,
      contentType: 'application/json',
      sentBytes: this.#sentBytes,
      ...(status === 'aborted' && { status }),
      ...(this.#form?.kind === 'stream' && body.kind !== 'absent' && { stream: body }),
    };
  }

  async #captured(): Promise<CapturedBody> {
    const buffer = this.#buffer;
    if (buffer === undefined) return { kind: 'absent', sentBytes: this.#sentBytes };
    const bytes = buffer.inMemory();
    return bytes === undefined ? await buffer.finish() : { kind: 'memory', bytes: Uint8Array.from(bytes) };
  }

  #marked(body: CapturedBody): CapturedBody {
    const status = body.status ?? this.#status;
    return status === undefined ? body : { ...body, sentBytes: this.#sentBytes, status };
  }

  /** Memory, or room on the way to the file, is gone: what goes to a file needs none for long. */
  #onBudgetSpent(buffer: BodyBuffer): void {
    const { onFull, largeBodies } = this.#options;
    if (largeBodies === 'truncate') this.#status = 'truncated';
    else if (!buffer.isFile) buffer.spill();
    else if (onFull === 'drop') this.#status = 'truncated';
    else this.#hold(true);
  }

  #onWaiting(bytes: number): void {
    this.#settleBudget();
    if (bytes <= lowWaterBytes) this.#hold(false);
  }

  #hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#owner.onHold(isHeld);
  }

  /** False when it takes more than there is. */
  #settleBudget(): boolean {
    const assembling = this.#form?.kind === 'stream' ? this.#form.assembler.heldBytes : 0;
    const more = (this.#buffer?.heldBytes ?? 0) + assembling - this.#reservedBytes;
    this.#reservedBytes += more;
    if (more > 0) return this.#options.budget.reserve(more);
    this.#options.budget.release(-more);
    return true;
  }

  #giveUp(status: DataStatus): void {
    this.#buffer?.discard();
    this.#buffer = undefined;
    this.#status = status;
    this.#release();
  }

  #release(): void {
    this.#options.budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}
