/**
 * The flight recorder: what the sampling leaves out is remembered for some minutes, and goes into the collections when
 * something went wrong. A ring in memory: what nobody asks for in time is forgotten, and so it is when the collector dies.
 */
import type { AdmittedRecord } from '../flow.ts';

export interface RecorderOptions {
  maxAgeMs: number;
  /** Beyond it the oldest goes. */
  maxBytes: number;
  now: () => number;
}

interface Held {
  record: AdmittedRecord;
  heldMs: number;
  byteLength: number;
}

/** What a record costs beside its texts. */
const overheadBytes = 512;

export class Recorder {
  readonly #options: RecorderOptions;
  #ring: Held[] = [];
  /** Those before it are forgotten. */
  #first = 0;
  #bytes = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Copies the record. */
  hold(record: AdmittedRecord): void {
    const { now, maxBytes } = this.#options;
    const own = ownRecord(record);
    const byteLength = overheadBytes + byteLengthOf(own);
    this.#ring.push({ record: own, heldMs: now(), byteLength });
    this.#bytes += byteLength;
    this.#forgetOld();
    while (this.#bytes > maxBytes) this.#forgetFirst();
  }

  /** Those of the last minutes, oldest first; they are not held any more. */
  take(): AdmittedRecord[] {
    this.#forgetOld();
    const records = this.#ring.slice(this.#first).map(({ record }) => record);
    this.#ring = [];
    this.#first = 0;
    this.#bytes = 0;
    return records;
  }

  get status(): { records: number; bytes: number } {
    this.#forgetOld();
    return { records: this.#ring.length - this.#first, bytes: this.#bytes };
  }

  #forgetOld(): void {
    const sinceMs = this.#options.now() - this.#options.maxAgeMs;
    for (let oldest = this.#ring[this.#first]; oldest !== undefined && oldest.heldMs < sinceMs;) {
      this.#forgetFirst();
      oldest = this.#ring[this.#first];
    }
  }

  /** Most of the time this moves a mark; the array is cut when half of it is behind that. */
  #forgetFirst(): void {
    this.#bytes -= this.#ring[this.#first]?.byteLength ?? 0;
    this.#first++;
    if (this.#first * 2 <= this.#ring.length) return;
    this.#ring = this.#ring.slice(this.#first);
    this.#first = 0;
  }
}

/** Its bodies are views of memory that is used again. */
function ownRecord(record: AdmittedRecord): AdmittedRecord {
  const { line, payload } = record;
  return {
    ...record,
    line: line.kind === 'around' ? { ...line, body: Uint8Array.from(line.body) } : line,
    payload:
      payload?.body.kind === 'memory'
        ? { ...payload, body: { ...payload.body, bytes: Uint8Array.from(payload.body.bytes) } }
        : payload,
  };
}

function byteLengthOf({ line, payload }: AdmittedRecord): number {
  const text =
    line.kind === 'whole' ? line.text.length : line.head.length + line.tail.length + line.body.length;
  return text + (payload?.body.kind === 'memory' ? payload.body.bytes.length : 0);
}
