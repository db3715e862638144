/** The body of a tapped message: gathered within a budget, decoded when it is over. It never holds anybody back. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { InputType } from 'node:zlib';

import type { CapturedBody, PayloadWriter } from '../../flow.ts';
import type { Budget } from '../budget.ts';
import { BodyBuffer } from '../body.ts';

export interface TapBodyOptions {
  createPayload(): Promise<PayloadWriter>;
  mayFitLine: Parameters<BodyBuffer['finish']>[0];
  /** Memory for bodies of all exchanges together. */
  budget: Budget;
  /** More than this goes to a file of the spool. */
  maxMemoryBytes: number;
  /** Larger bodies are not kept. */
  maxBodyBytes: number;
}

/** Why a record has not the body that was sent; the list is closed (spec/record.md). */
export type DataStatus = 'too_large' | 'undecodable' | 'aborted' | 'opted_out';

export interface FinishedBody {
  body: CapturedBody;
  status: DataStatus | undefined;
  /** The content encoding that was undone, or that could not be. */
  encoding: string | undefined;
}

export class TapBody {
  readonly #encoding: string | undefined;
  readonly #options: TapBodyOptions;
  #buffer: BodyBuffer | undefined;
  /** Why there is no buffer, when there is none. */
  #reason: DataStatus = 'too_large';
  #byteLength = 0;
  #reservedBytes = 0;

  constructor(contentEncoding: string | undefined, options: TapBodyOptions) {
    const encoding = contentEncoding?.trim().toLowerCase();
    this.#encoding = encoding === 'identity' ? undefined : encoding;
    this.#options = options;
    this.#buffer = new BodyBuffer(options.maxMemoryBytes, {
      createPayload: () => options.createPayload(),
      // The file cannot keep up, and nobody may wait for it.
      onPressure: (isHigh) => isHigh && this.#giveUp(),
    });
  }

  /** Its client does not want it to be kept. */
  optOut(): void {
    this.#buffer = undefined;
    this.#reason = 'opted_out';
  }

  push(bytes: Uint8Array): void {
    this.#byteLength += bytes.length;
    if (this.#buffer === undefined) return;
    const { budget, maxMemoryBytes, maxBodyBytes } = this.#options;
    const wanted = Math.min(this.#byteLength, maxMemoryBytes) - this.#reservedBytes;
    const hasRoom = budget.reserve(wanted);
    this.#reservedBytes += wanted;
    if (hasRoom && this.#byteLength <= maxBodyBytes) this.#buffer.push(bytes);
    else this.#giveUp();
  }

  /** What most bodies are: in memory, and not encoded. Valid until anybody calls this again. */
  finishAtOnce(isWhole: boolean): FinishedBody | undefined {
    const bytes = isWhole && this.#encoding === undefined ? this.#buffer?.inMemory() : undefined;
    if (bytes === undefined) return undefined;
    this.#release();
    return { body: { kind: 'memory', bytes }, status: undefined, encoding: undefined };
  }

  /** `isWhole`: the message came to its end. Never rejects. */
  async finish(isWhole: boolean): Promise<FinishedBody> {
    const absent: CapturedBody = { kind: 'absent', byteLength: this.#byteLength };
    try {
      const buffer = this.#buffer;
      if (buffer === undefined) return { body: absent, status: this.#reason, encoding: this.#encoding };
      const bytes = buffer.inMemory();
      const body: CapturedBody =
        bytes === undefined
          ? await buffer.finish(this.#options.mayFitLine)
          : { kind: 'memory', bytes: Uint8Array.from(bytes) };
      if (!isWhole) return { body, status: 'aborted', encoding: this.#encoding };
      return await this.#decoded(body);
    } catch {
      this.#buffer?.discard();
      return { body: absent, status: 'too_large', encoding: this.#encoding };
    } finally {
      this.#release();
    }
  }

  async #decoded(body: CapturedBody): Promise<FinishedBody> {
    const encoding = this.#encoding;
    if (encoding === undefined || this.#byteLength === 0) return { body, status: undefined, encoding };
    const decode = decoders[encoding];
    if (decode === undefined || body.kind !== 'memory') return { body, status: 'undecodable', encoding };
    try {
      const bytes = await decode(body.bytes, { maxOutputLength: maxDecodedBytes });
      return { body: { kind: 'memory', bytes }, status: undefined, encoding };
    } catch {
      return { body, status: 'undecodable', encoding };
    }
  }

  #giveUp(): void {
    this.#buffer?.discard();
    this.#buffer = undefined;
    this.#release();
  }

  #release(): void {
    this.#options.budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}

/** A small body may say that it is a very large one. */
const maxDecodedBytes = 32 * 1024 * 1024;

type Decoder = (bytes: InputType, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};
