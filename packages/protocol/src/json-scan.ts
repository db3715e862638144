import { isPlainRows } from './json-plain.ts';
import { Scanner } from './json-scanner.ts';

/**
 * One pass over JSON text as bytes: is it valid, what is it, and what must change before it may stand in a record line?
 * Tokens are never re-written (compat 5.4): white space outside strings goes; `<`, `>`, `&`, U+2028 and U+2029 are escaped;
 * every other byte stays.
 */
export interface JsonScan {
  /** RFC 8259, in valid UTF-8, nested at most as deep as was asked, without lone surrogate escapes. */
  valid: boolean;
  /** `rows`: an array of objects (or nulls), what a tabular collection holds. `other`: any other JSON. */
  shape: 'rows' | 'other';
  /** True when the text can be copied as it is. */
  verbatim: boolean;
  /** Length of the text in the record, in bytes. */
  embeddedLength: number;
}

/** Deeper JSON is refused by common readers (Jackson stops at 1,000), so it is kept beside the line. */
export const maxJsonDepth = 500;

/** Scans a whole text. */
export function scanJson(text: Uint8Array, maxDepth: number = maxJsonDepth): JsonScan {
  if (isPlainRows(text)) return { valid: true, shape: 'rows', verbatim: true, embeddedLength: text.length };
  const scanner = createJsonScanner(maxDepth);
  scanner.push(text);
  return scanner.end();
}

export interface JsonScanner {
  push(bytes: Uint8Array): void;
  end(): JsonScan;
}

/** Scans a text that arrives in pieces; the cuts may fall anywhere. */
export function createJsonScanner(maxDepth: number = maxJsonDepth): JsonScanner {
  return new Scanner(maxDepth);
}

/**
 * Writes the text as it stands in a record to `target` at `offset`, and returns the offset behind it. Only for text that
 * {@link scanJson} called valid; the room needed is `embeddedLength`.
 */
export function embedJson(text: Uint8Array, target: Uint8Array, offset: number): number {
  let to = offset;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] as number;
    if (!inString) {
      if (byte === SPACE || byte === LF || byte === CR || byte === TAB) continue;
      if (byte === QUOTE) inString = true;
      target[to++] = byte;
    } else if (byte === BACKSLASH) {
      target[to++] = byte;
      target[to++] = text[++i] as number;
    } else if (byte === LESS || byte === GREATER || byte === AMPERSAND) {
      to = writeEscape(target, to, byte);
    } else if (isSeparatorAt(text, i)) {
      to = writeEscape(target, to, 0x2000 | ((text[i + 2] as number) & 0x3f));
      i += 2;
    } else {
      if (byte === QUOTE) inString = false;
      target[to++] = byte;
    }
  }
  return to;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const AMPERSAND = 38;
const LESS = 60;
const GREATER = 62;
const BACKSLASH = 92;

/** U+2028 and U+2029 are E2 80 A8 and E2 80 A9: legal in JSON, line ends in JavaScript. */
function isSeparatorAt(text: Uint8Array, i: number): boolean {
  return text[i] === 0xe2 && text[i + 1] === 0x80 && ((text[i + 2] as number) & 0xfe) === 0xa8;
}

function writeEscape(target: Uint8Array, offset: number, codeUnit: number): number {
  target[offset] = BACKSLASH;
  target[offset + 1] = 117;
  for (let nibble = 0; nibble < 4; nibble++) {
    target[offset + 2 + nibble] = '0123456789abcdef'.charCodeAt((codeUnit >> (12 - 4 * nibble)) & 15);
  }
  return offset + 6;
}
