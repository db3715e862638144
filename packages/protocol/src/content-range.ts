/**
 * `bytes 0-(n-1)/n` for a whole body of `n` bytes as received (compat 5.5); an empty body is `bytes *` + `/0`. Of a body that
 * was cut, the first `keptBytes` are there.
 */
export function contentRange(byteLength: number, keptBytes = byteLength): string {
  return keptBytes === 0 ? `bytes */${byteLength}` : `bytes 0-${keptBytes - 1}/${byteLength}`;
}

export interface ContentRange {
  first: number;
  last: number;
  /** `undefined` when the total was unknown (`*`). */
  total: number | undefined;
}

/** Reads both spellings, `bytes 0-88/89` and the old `bytes_0-88/89`; `undefined` for anything else. */
export function parseContentRange(text: string): ContentRange | undefined {
  const match = /^bytes[ _](?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(text);
  if (match === null) return undefined;
  const total = match[3] === '*' ? undefined : Number(match[3]);
  if (match[1] === undefined) return { first: 0, last: -1, total };
  return { first: Number(match[1]), last: Number(match[2]), total };
}
