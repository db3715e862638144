/** The messages of a gRPC body: each behind five bytes, a flag for compressed and its length. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { InputType } from 'node:zlib';

import { maxDecodedBytes, maxMessages } from './limits.ts';

/**
 * The messages in order, inflated where they are compressed (`encoding` is the value of `grpc-encoding`). `undefined`: the
 * body is cut off, is not gRPC, is compressed in a way that is not known, or inflates beyond the limit. Messages that are not
 * compressed are views of `body`. Never rejects.
 */
export async function splitGrpcMessages(
  body: Uint8Array,
  encoding: string | undefined,
): Promise<Uint8Array[] | undefined> {
  const frames = framesOf(body);
  if (frames === undefined) return undefined;
  const inflateMessage = inflaters.get(encoding?.trim().toLowerCase() ?? 'identity');
  const messages: Uint8Array[] = [];
  let roomBytes = maxDecodedBytes;
  for (const { isCompressed, bytes } of frames) {
    if (!isCompressed) {
      messages.push(bytes);
      continue;
    }
    if (inflateMessage === undefined || roomBytes === 0) return undefined;
    try {
      // One after another: together they share the limit.
      const inflated = await inflateMessage(bytes, { maxOutputLength: roomBytes });
      roomBytes -= inflated.length;
      messages.push(inflated);
    } catch {
      return undefined;
    }
  }
  return messages;
}

interface Frame {
  isCompressed: boolean;
  bytes: Uint8Array;
}

const prefixLength = 5;

function framesOf(body: Uint8Array): Frame[] | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const frames: Frame[] = [];
  let start = 0;
  while (start < body.length) {
    const from = start + prefixLength;
    if (from > body.length || frames.length === maxMessages) return undefined;
    const flag = view.getUint8(start);
    const end = from + view.getUint32(start + 1);
    if (flag > 1 || end > body.length) return undefined;
    frames.push({ isCompressed: flag === 1, bytes: body.subarray(from, end) });
    start = end;
  }
  return frames;
}

type Inflate = (bytes: InputType, options: { maxOutputLength: number }) => Promise<Buffer>;

/** gRPC's `deflate` is the zlib format, as in HTTP. */
const inflaters: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);
