/**
 * The body of a tapped message: gathered within a budget, decoded when it is over. Unless the deployment asks for
 * `on_full: block`, it never holds anybody back.
 */
import type { DataStatus } from '@gleaner/protocol';

import type { CapturedBody, PayloadWriter } from '../../flow.ts';
import type { Budget } from '../budget.ts';
import { BodyBuffer } from '../body.ts';
import { decodeContent } from './content-encoding.ts';

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
}

export interface FinishedBody {
  body: CapturedBody;
  /** The content encoding that was undone, or that could not be. */
  encoding: string | undefined;
}

export class TapBody {
  readonly #encoding: string | undefined;
  readonly #options: TapBodyOptions;
  readonly #owner: TapBodyOwner;
  #buffer: BodyBuffer | undefined;
  /** Why it is not whole, or not there. */
  #status: DataStatus | undefined;
  #sentBytes = 0;
  #reservedBytes = 0;

  constructor(contentEncoding: string | undefined, options: TapBodyOptions, owner: TapBodyOwner) {
    const encoding = contentEncoding?.trim().toLowerCase();
    this.#encoding = encoding === 'identity' ? undefined : encoding;
    this.#options = options;
    this.#owner = owner;
    this.#buffer = new BodyBuffer(options.maxMemoryBytes, {
      createPayload: () => owner.createPayload(),
      onWaiting: () => this.#settleBudget(),
    });
  }

  /** Its client does not want it to be kept. */
  optOut(): void {
    this.#giveUp('opted_out');
  }

  /** The bytes stay the caller's: they are copied by {@link keep}, which must be called before they change. */
  push(bytes: Uint8Array): void {
    this.#sentBytes += bytes.length;
    if (this.#buffer === undefined || this.#status === 'truncated') return;
    const { largeBodies, maxMemoryBytes, maxBodyBytes } = this.#options;
    if (this.#sentBytes > maxBodyBytes) return this.#giveUp('too_large');
    if (largeBodies === 'truncate' && this.#sentBytes > maxMemoryBytes) {
      this.#buffer.push(bytes.subarray(0, bytes.length - (this.#sentBytes - maxMemoryBytes)));
      this.#status = 'truncated';
    } else this.#buffer.push(bytes);
    if (!this.#settleBudget()) this.#onBudgetSpent(this.#buffer);
  }

  /** Copies what came since the last time. */
  keep(): void {
    this.#buffer?.keep();
  }

  /** What most bodies are: in memory, and not encoded. Valid until anybody calls this again. */
  finishAtOnce(isWhole: boolean): FinishedBody | undefined {
    const isPlain = isWhole && this.#encoding === undefined && this.#status === undefined;
    const bytes = isPlain ? this.#buffer?.inMemory() : undefined;
    if (bytes === undefined) return undefined;
    this.#release();
    return { body: { kind: 'memory', bytes }, encoding: undefined };
  }

  /** `isWhole`: the message came to its end. Never rejects. */
  async finish(isWhole: boolean): Promise<FinishedBody> {
    const encoding = this.#encoding;
    try {
      const captured = await this.#captured();
      if (this.#status === undefined && !isWhole) this.#status = 'aborted';
      if (this.#status !== undefined) return { body: this.#marked(captured, this.#status), encoding };
      if (encoding === undefined || this.#sentBytes === 0) return { body: captured, encoding };
      const decoded = await decodeContent(captured, encoding);
      return { body: decoded ?? this.#marked(captured, 'undecodable'), encoding };
    } catch {
      this.#buffer?.discard();
      return { body: this.#marked({ kind: 'absent' }, 'too_large'), encoding };
    } finally {
      this.#release();
    }
  }

  async #captured(): Promise<CapturedBody> {
    const buffer = this.#buffer;
    if (buffer === undefined) return { kind: 'absent', sentBytes: this.#sentBytes };
    const bytes = buffer.inMemory();
    return bytes === undefined ? await buffer.finish() : { kind: 'memory', bytes: Uint8Array.from(bytes) };
  }

  #marked(body: CapturedBody, status: DataStatus): CapturedBody {
    return { ...body, sentBytes: this.#sentBytes, status: body.status ?? status };
  }

  /** Memory, or room on the way to the file, is gone. */
  #onBudgetSpent(buffer: BodyBuffer): void {
    const { onFull, largeBodies, budget } = this.#options;
    if (onFull === 'block') {
      this.#owner.onHold(true);
      budget.whenRoom(() => this.#owner.onHold(false));
    } else if (buffer.isFile || largeBodies === 'truncate') this.#status = 'truncated';
    else buffer.spill();
  }

  /** False when it takes more than there is. */
  #settleBudget(): boolean {
    const more = (this.#buffer?.heldBytes ?? 0) - this.#reservedBytes;
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
