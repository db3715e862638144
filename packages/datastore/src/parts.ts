import type { PartSource } from './object-service.ts';

const mebibyte = 2 ** 20;
const smallestPartBytes = 8 * mebibyte;
const maxParts = 10_000;

/** The whole of `source` in memory. */
export async function gather({ byteLength, chunks }: PartSource): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(byteLength);
  let filled = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return whole;
}

/** 8 MiB, or as much as it takes for an object to have no more parts than S3 allows. Whole MiB, as Google demands. */
export function partBytesFor(byteLength: number): number {
  return Math.max(smallestPartBytes, Math.ceil(byteLength / maxParts / mebibyte) * mebibyte);
}

/**
 * `source` in parts of `partBytes`, the last one shorter. A part is valid until the next is asked for. The last one comes after
 * the end of the source, so whoever has it knows that the source was as long as it said.
 */
export async function* partsOf(
  { byteLength, chunks }: PartSource,
  partBytes: number,
): AsyncGenerator<Buffer> {
  const part = Buffer.allocUnsafeSlow(Math.min(partBytes, byteLength));
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.byteLength;) {
      if (filled === part.byteLength) {
        yield part;
        filled = 0;
      }
      const piece = chunk.subarray(taken, taken + part.byteLength - filled);
      part.set(piece, filled);
      filled += piece.byteLength;
      taken += piece.byteLength;
    }
  }
  yield part.subarray(0, filled);
}
