/** Answers of one JSON value a line: assembled they are an array of the lines, byte for byte as they came. */
import { maxJsonDepth, scanJson } from '@gleaner/protocol';

import type { Assembled, StreamAssembler } from './stream-assembler.ts';

/** Gives up at a line that is no JSON. A last line that is none has been cut, and is left out. */
export function createJsonLinesAssembler(maxBytes: number): StreamAssembler {
  return new LinesAssembler(maxBytes);
}

class LinesAssembler implements StreamAssembler {
  readonly #maxBytes: number;
  /** A bracket, and each line that is over with a comma behind it, and the line that is not. `undefined`: given up. */
  #text: Buffer | undefined = Buffer.from('[');
  #length = 1;
  #lineStart = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#text?.length ?? 0;
  }

  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length && this.#text !== undefined;) {
      const lineFeed = bytes.indexOf(LF, from);
      const end = lineFeed < 0 ? bytes.length : lineFeed;
      this.#append(bytes.subarray(from, end));
      if (lineFeed >= 0 && this.#endLine() === 'invalid') this.#text = undefined;
      from = end + 1;
    }
  }

  end(): Assembled | undefined {
    const last = this.#endLine();
    const text = this.#text;
    this.#text = undefined;
    if (text === undefined || this.#length === 1) return undefined;
    // In place of the last comma.
    text[this.#length - 1] = BRACKET_CLOSE;
    return {
      assembler: 'jsonlines',
      json: text.subarray(0, this.#length),
      isComplete: last !== 'invalid',
    };
  }

  #append(bytes: Uint8Array): void {
    // One byte more for the comma.
    const needed = this.#length + bytes.length + 1;
    if (this.#text === undefined) return;
    if (needed > this.#maxBytes) {
      this.#text = undefined;
      return;
    }
    if (needed > this.#text.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(Math.max(2 * this.#text.length, needed), this.#maxBytes),
      );
      this.#text.copy(larger, 0, 0, this.#length);
      this.#text = larger;
    }
    this.#text.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A blank line is none, and one that is no JSON is taken out. */
  #endLine(): 'taken' | 'blank' | 'invalid' {
    if (this.#text === undefined) return 'invalid';
    const line = this.#text.subarray(this.#lineStart, this.#length);
    if (this.#lineStart === 1 && line.indexOf(byteOrderMark) === 0) line.fill(SPACE, 0, byteOrderMark.length);
    const outcome = line.every(isBlank)
      ? 'blank'
      : scanJson(line, maxJsonDepth - 1).valid
        ? 'taken'
        : 'invalid';
    if (outcome === 'taken') this.#text[this.#length++] = COMMA;
    else this.#length = this.#lineStart;
    this.#lineStart = this.#length;
    return outcome;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COMMA = 44;
const BRACKET_CLOSE = 93;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
