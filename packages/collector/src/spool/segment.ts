/** One file of the spool: a header, then frames. Written once from front to back, read by position, removed as a whole. */
import { CollectorError } from '../errors.ts';
import type { SpooledPayload } from '../flow.ts';
import { maxFrameBytes, readFrame } from './frame.ts';
import type { FrameReading } from './frame.ts';
import type { SpoolFile, SpoolFiles } from '../files.ts';

export const segmentVersion = 1;
export const segmentHeaderBytes = 16;
const magic = Buffer.from('GLEANER\n');

/** Zeros are written this far ahead where every group is synced: a sync then need not write the file's length, too. */
const preallocateBytes = 4 * 1024 * 1024;
const zeros = Buffer.alloc(preallocateBytes);

export function segmentName(index: number): string {
  return `segment-${String(index).padStart(10, '0')}.spool`;
}

export function segmentIndex(name: string): number | undefined {
  const match = /^segment-(\d{10})\.spool$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** What a group has to be for a segment: its bytes, its sequences, its payload files. */
export interface FrameGroup {
  finish(): readonly Uint8Array[];
  readonly byteLength: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly payloads: readonly SpooledPayload[];
}

export interface ReadOptions {
  maxBytes: number;
  limit: number;
  /** Retry keys, too: only recovery wants them. */
  withKeys?: boolean;
  /** Where to get memory for what is read. */
  allocate?: (length: number) => Buffer;
}

export class Segment {
  readonly path: string;
  readonly index: number;
  readonly #file: SpoolFile;
  /** Behind the last whole group. */
  position: number;
  /** Behind the last group that a power cut cannot take. */
  syncedPosition: number;
  /** Of the first frame; `undefined` while there is none. */
  firstSequence: number | undefined;
  lastSequence = 0;
  syncedSequence = 0;
  /** Payload files that frames of this segment point to, and their length. They live and go with it. */
  readonly payloads = new Set<string>();
  payloadBytes = 0;
  #preallocated: number;

  constructor(file: SpoolFile, options: { path: string; index: number; position: number }) {
    this.#file = file;
    this.path = options.path;
    this.index = options.index;
    this.position = options.position;
    this.syncedPosition = options.position;
    this.#preallocated = options.position;
  }

  /** What it takes of the spool's limit, in bytes. */
  get weight(): number {
    return this.position + this.payloadBytes;
  }

  get isSynced(): boolean {
    return this.syncedPosition === this.position;
  }

  /**
   * Writes a group behind the last one, and syncs it when asked. When it fails nothing of the group counts as written:
   * {@link abandon} the segment.
   */
  async write(group: FrameGroup, options: { sync: boolean }): Promise<void> {
    await this.#file.write(group.finish(), this.position);
    if (options.sync) await this.#file.sync();
    this.position += group.byteLength;
    this.firstSequence ??= group.firstSequence;
    this.lastSequence = group.lastSequence;
    for (const payload of group.payloads) {
      this.payloads.add(payload.file);
      this.payloadBytes += payload.byteLength;
    }
    if (options.sync) this.#noteSynced(this.position, this.lastSequence);
  }

  /** Makes everything written so far survive a power cut. */
  async sync(): Promise<void> {
    const { position, lastSequence } = this;
    await this.#file.sync();
    this.#noteSynced(position, lastSequence);
  }

  /** Keeps zeros ahead of the writing position, up to `limit`. Never call it while a write is under way. */
  async preallocate(limit: number): Promise<void> {
    const end = Math.min(limit, this.position + preallocateBytes);
    if (this.#preallocated >= this.position + preallocateBytes / 2 || this.#preallocated >= end) return;
    const from = Math.max(this.#preallocated, this.position);
    await this.#file.write([zeros.subarray(0, end - from)], from);
    this.#preallocated = end;
  }

  /** Cuts off what a failed {@link write} left, so that a group that was refused can never be read again. */
  async abandon(): Promise<void> {
    await this.#file.truncate(this.position);
  }

  /** Reads the frame at `offset` and those behind it, `maxBytes` of them or one. Ends at `limit`. */
  async read(offset: number, options: ReadOptions): Promise<FrameReading[]> {
    const readings: FrameReading[] = [];
    let buffer = await this.#bytes(offset, Math.min(options.limit - offset, options.maxBytes), options);
    let at = 0;
    for (;;) {
      const reading = readFrame(buffer, at, { withKeys: options.withKeys ?? false });
      if (reading.kind === 'partial' && offset + reading.end <= options.limit) {
        if (readings.length > 0) return readings;
        const longer = await this.#bytes(offset, Math.min(reading.end, maxFrameBytes), options);
        if (longer.length <= buffer.length) return [reading];
        buffer = longer;
        continue;
      }
      if (reading.kind === 'blank' && readings.length > 0) return readings;
      readings.push(reading);
      if (reading.kind !== 'frame') return readings;
      at = reading.end;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #noteSynced(position: number, sequence: number): void {
    this.syncedPosition = Math.max(this.syncedPosition, position);
    this.syncedSequence = Math.max(this.syncedSequence, sequence);
  }

  async #bytes(offset: number, length: number, options: ReadOptions): Promise<Buffer> {
    const { allocate = Buffer.allocUnsafe } = options;
    const buffer = allocate(Math.max(0, length));
    return buffer.subarray(0, await this.#file.read(buffer, offset));
  }
}

/** A new segment whose name and header survive a power cut. */
export async function createSegment(files: SpoolFiles, folder: string, index: number): Promise<Segment> {
  const path = `${folder}/${segmentName(index)}`;
  const file = await files.open(path, 'create');
  const header = Buffer.alloc(segmentHeaderBytes);
  magic.copy(header);
  header.writeUInt32LE(segmentVersion, magic.length);
  await file.write([header], 0);
  await file.sync();
  await files.syncFolder(folder);
  return new Segment(file, { path, index, position: segmentHeaderBytes });
}

/** Errors: `spool_version_unsupported`. A header that was never written whole gives `undefined`: the segment is empty. */
export async function checkHeader(file: SpoolFile, path: string): Promise<boolean> {
  const header = Buffer.alloc(segmentHeaderBytes);
  if ((await file.read(header, 0)) < segmentHeaderBytes || !header.subarray(0, magic.length).equals(magic))
    return false;
  const version = header.readUInt32LE(magic.length);
  if (version > segmentVersion) throw newerVersion(path, version);
  return true;
}

export function newerVersion(path: string, version: number): CollectorError {
  return new CollectorError(
    'spool_version_unsupported',
    `${path} was written by a newer Gleaner (version ${version}; this one reads up to ${segmentVersion}).`,
    { fix: 'Start the newer Gleaner once to drain this spool, or use another spool folder.' },
  );
}
