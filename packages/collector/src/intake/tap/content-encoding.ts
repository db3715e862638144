/** Undoes the content encoding of a body, for its record alone. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { InputType } from 'node:zlib';

import type { CapturedBody } from '../../flow.ts';

/** A small body may say that it is a very large one. */
const maxDecodedBytes = 32 * 1024 * 1024;

/** `undefined`: it cannot be undone, or not within memory. */
export async function decodeContent(body: CapturedBody, encoding: string): Promise<CapturedBody | undefined> {
  const decode = decoders.get(encoding);
  if (decode === undefined || body.kind !== 'memory') return undefined;
  try {
    return { kind: 'memory', bytes: await decode(body.bytes, { maxOutputLength: maxDecodedBytes }) };
  } catch {
    return undefined;
  }
}

type Decoder = (bytes: InputType, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);
