import type { Datastore } from '@gleaner/datastore';

/** Longer lines are passed over: no writer of this format makes them, and a file without line feeds must not fill the memory. */
export const maxReadLineBytes = 64 * 1024 * 1024;

export interface Line {
  /** From 1. */
  number: number;
  /** Where the line begins in the object, and the first byte behind it. */
  start: number;
  end: number;
  /** As stored, its line feed included where it has one; empty when the line is longer than the limit. */
  bytes: Uint8Array;
}

export interface ReadLinesOptions {
  /** Read no further than this byte. */
  end?: number;
  maxLineBytes?: number;
}

/** Lines of one object, blank ones included, with the memory of one line. A last line without a line feed counts. */
export async function* readLines(
  datastore: Pick<Datastore, 'read'>,
  path: string,
  { end, maxLineBytes = maxReadLineBytes }: ReadLinesOptions = {},
): AsyncGenerator<Line> {
  let number = 0;
  let start = 0;
  let length = 0;
  let pieces: Uint8Array[] = [];
  const finish = (): Line => {
    const line = { number: ++number, start, end: start + length, bytes: joined(pieces) };
    start += length;
    length = 0;
    pieces = [];
    return line;
  };
  for await (const chunk of datastore.read(path, end === undefined ? {} : { end })) {
    for (let from = 0; from < chunk.length;) {
      const feed = chunk.indexOf(LINE_FEED, from);
      const to = feed < 0 ? chunk.length : feed + 1;
      length += to - from;
      if (length > maxLineBytes) pieces = [];
      else pieces.push(chunk.subarray(from, to));
      from = to;
      if (feed >= 0) yield finish();
    }
  }
  if (length > 0) yield finish();
}

/** Number of lines, without a look at any. */
export async function countLines(datastore: Pick<Datastore, 'read'>, path: string): Promise<number> {
  let lines = 0;
  let last = LINE_FEED;
  for await (const chunk of datastore.read(path)) {
    for (let i = chunk.indexOf(LINE_FEED); i >= 0; i = chunk.indexOf(LINE_FEED, i + 1)) lines++;
    last = chunk.at(-1) ?? last;
  }
  return last === LINE_FEED ? lines : lines + 1;
}

const LINE_FEED = 10;

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array()] = pieces;
  return pieces.length < 2 ? first : Buffer.concat(pieces);
}
