/**
 * One frame of a segment (spec/spool.md). Little-endian:
 *
 * ```
 *  0 u32 length of the whole frame     20 f64 arrival, epoch ms          40 u16 length of the retry key
 *  4 u32 CRC-32 of bytes 8 … length    28 f64 event time, epoch s        42 u16 length of the payload reference
 *  8 u8 version  9 u8 kind             36 u16 length of the collection
 * 10 u8 rolling rate  11 u8 0          38 u16 length of the location
 * 12 u64 sequence                      44 collection · location · retry key · payload reference · content
 * ```
 *
 * Location is `<datastore>/<path>`; the payload reference is JSON or empty; content is the line, or the tally as JSON.
 */
import { crc32 } from 'node:zlib';

import { embedJson, isDropReason, rollingRates } from '@gleaner/protocol';
import type { DropReason } from '@gleaner/protocol';

import type { Destination, RecordLine, SpooledFrame, SpooledPayload } from '../flow.ts';

export const frameVersion = 1;
export const frameHeaderBytes = 44;
/** A line of 4 MiB and the names around it; a length beyond this is damage. */
export const maxFrameBytes = 4 * 1024 * 1024 + 128 * 1024;

const RECORD = 1;
const TALLY = 2;

export interface FrameContent {
  sequence: number;
  destination: Destination;
  time: number;
  arrivalMs: number;
  retryKey: string | undefined;
  payload: SpooledPayload | undefined;
  content: RecordLine | { kind: 'tally'; dropped: Partial<Record<DropReason, number>> };
}

/** Room that {@link writeFrame} may need at most, in bytes. */
export function frameBytesAtMost(frame: FrameContent): number {
  const { content, retryKey = '', payload } = frame;
  const { collection, datastore, path } = frame.destination;
  const texts = collection.length + datastore.length + 1 + path.length + retryKey.length;
  const names = 3 * texts + (payload === undefined ? 0 : 2048);
  if (content.kind === 'tally') return frameHeaderBytes + names + 1024;
  if (content.kind === 'whole') return frameHeaderBytes + names + 3 * content.text.length;
  const around = 3 * (content.head.length + content.tail.length);
  return frameHeaderBytes + names + around + content.scan.embeddedLength;
}

/** Writes the frame to `target` at `offset`; returns the offset behind it. */
// /!\ Hot path: once per record; strings go straight into the group's buffer.
export function writeFrame(frame: FrameContent, target: Buffer, offset: number): number {
  const { content, destination } = frame;
  let at = offset + frameHeaderBytes;
  const { names, collectionBytes, locationBytes } = encodedDestination(destination);
  target.set(names, at);
  at += names.length;
  const keyBytes = frame.retryKey === undefined ? 0 : target.write(frame.retryKey, at);
  at += keyBytes;
  const payloadBytes = frame.payload === undefined ? 0 : target.write(JSON.stringify(frame.payload), at);
  at += payloadBytes;
  if (content.kind === 'tally') at += target.write(JSON.stringify(content.dropped), at);
  else if (content.kind === 'whole') at += target.write(content.text, at);
  else {
    at += target.write(content.head, at);
    if (content.scan.verbatim) {
      target.set(content.body, at);
      at += content.body.length;
    } else at = embedJson(content.body, target, at);
    at += target.write(content.tail, at);
  }
  target.writeUInt32LE(at - offset, offset);
  const kind = content.kind === 'tally' ? TALLY : RECORD;
  const rate = rollingRates.indexOf(destination.rollingRate);
  target.writeUInt32LE(frameVersion | (kind << 8) | (rate << 16), offset + 8);
  target.writeUInt32LE(frame.sequence % 0x1_0000_0000, offset + 12);
  target.writeUInt32LE(Math.floor(frame.sequence / 0x1_0000_0000), offset + 16);
  target.writeDoubleLE(frame.arrivalMs, offset + 20);
  target.writeDoubleLE(frame.time, offset + 28);
  target.writeUInt16LE(collectionBytes, offset + 36);
  target.writeUInt16LE(locationBytes, offset + 38);
  target.writeUInt16LE(keyBytes, offset + 40);
  target.writeUInt16LE(payloadBytes, offset + 42);
  target.writeUInt32LE(crc32(target.subarray(offset + 8, at)), offset + 4);
  return at;
}

export type FrameReading =
  | { kind: 'frame'; frame: SpooledFrame; retryKey: string | undefined; end: number }
  /** More bytes are needed: the frame ends at `end`. */
  | { kind: 'partial'; end: number }
  /** Zeros, or nothing more: where writing stopped in an orderly way. */
  | { kind: 'blank' }
  | { kind: 'damaged'; problem: string }
  | { kind: 'newer'; version: number };

/**
 * Reads the frame that starts at `offset`. The bytes of the line are a view of `source`; the retry key is read where it is
 * asked for.
 */
// /!\ Hot path: once per record, when it is shipped.
export function readFrame(source: Buffer, offset: number, options: { withKeys: boolean }): FrameReading {
  const left = source.length - offset;
  if (left < 4) return left === 0 ? { kind: 'blank' } : { kind: 'partial', end: offset + 4 };
  const length = source.readUInt32LE(offset);
  if (length === 0) return { kind: 'blank' };
  if (length < frameHeaderBytes || length > maxFrameBytes) {
    return { kind: 'damaged', problem: `a frame length of ${length} bytes` };
  }
  const end = offset + length;
  if (end > source.length) return { kind: 'partial', end };
  if (crc32(source.subarray(offset + 8, end)) !== source.readUInt32LE(offset + 4)) {
    return { kind: 'damaged', problem: 'a frame whose checksum does not fit' };
  }
  const version = source.readUInt8(offset + 8);
  if (version > frameVersion) return { kind: 'newer', version };
  const namesAt = offset + frameHeaderBytes;
  const collectionBytes = source.readUInt16LE(offset + 36);
  const keyAt = namesAt + collectionBytes + source.readUInt16LE(offset + 38);
  const payloadAt = keyAt + source.readUInt16LE(offset + 40);
  const contentAt = payloadAt + source.readUInt16LE(offset + 42);
  const names = source.subarray(namesAt, keyAt);
  const destination = decodedDestination(names, { collectionBytes, rate: source.readUInt8(offset + 10) });
  if (destination === undefined) return { kind: 'damaged', problem: 'a frame without a destination' };
  const retryKey =
    options.withKeys && payloadAt > keyAt ? source.toString('utf8', keyAt, payloadAt) : undefined;
  const common = {
    sequence: source.readUInt32LE(offset + 12) + source.readUInt32LE(offset + 16) * 0x1_0000_0000,
    destination,
    time: source.readDoubleLE(offset + 28),
    arrivalMs: source.readDoubleLE(offset + 20),
  };
  switch (source.readUInt8(offset + 9)) {
    case TALLY: {
      const dropped = parseTally(source.toString('utf8', contentAt, end));
      return { kind: 'frame', frame: { kind: 'tally', ...common, dropped }, retryKey, end };
    }
    case RECORD: {
      const payload =
        contentAt > payloadAt ? parsePayload(source.toString('utf8', payloadAt, contentAt)) : undefined;
      const line = source.subarray(contentAt, end);
      return { kind: 'frame', frame: { kind: 'record', ...common, line, payload }, retryKey, end };
    }
    default:
      return { kind: 'damaged', problem: 'a frame of an unknown kind' };
  }
}

interface EncodedDestination {
  /** Collection and location. */
  names: Buffer;
  collectionBytes: number;
  locationBytes: number;
}

const encoded = new WeakMap<Destination, EncodedDestination>();

function encodedDestination(destination: Destination): EncodedDestination {
  let known = encoded.get(destination);
  if (known === undefined) {
    const collection = Buffer.from(destination.collection);
    const location = Buffer.from(`${destination.datastore}/${destination.path}`);
    known = {
      names: Buffer.concat([collection, location]),
      collectionBytes: collection.length,
      locationBytes: location.length,
    };
    encoded.set(destination, known);
  }
  return known;
}

/** A spool has a handful of destinations: frames of the same one share an object. */
const decoded = new Map<string, { destination: Destination; collectionBytes: number; rate: number }>();
const maxDecoded = 1000;

function decodedDestination(
  names: Buffer,
  lengths: { collectionBytes: number; rate: number },
): Destination | undefined {
  const { collectionBytes, rate } = lengths;
  const key = names.toString('latin1');
  const known = decoded.get(key);
  if (known?.collectionBytes === collectionBytes && known.rate === rate) return known.destination;
  const location = names.toString('utf8', collectionBytes);
  const slash = location.indexOf('/');
  const rollingRate = rollingRates[rate];
  if (rollingRate === undefined || slash < 0) return undefined;
  const destination: Destination = {
    collection: names.toString('utf8', 0, collectionBytes),
    datastore: location.slice(0, slash),
    path: location.slice(slash + 1),
    rollingRate,
  };
  if (decoded.size >= maxDecoded) decoded.clear();
  decoded.set(key, { destination, collectionBytes, rate });
  return destination;
}

function parsePayload(text: string): SpooledPayload {
  return JSON.parse(text) as SpooledPayload;
}

function parseTally(text: string): Partial<Record<DropReason, number>> {
  const entries = Object.entries(JSON.parse(text) as Record<string, number>);
  return Object.fromEntries(entries.filter(([reason]) => isDropReason(reason)));
}
