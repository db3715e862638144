import { Scanner } from './json-scanner.ts';
import { scanWhole } from './json-whole.ts';

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
  const scan = scanWhole(text, maxDepth);
  if (scan !== undefined) return scan;
  // Invalid, or a lone scalar: few are, and the streaming scanner has the last word.
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
// /!\ Hot path: over every body that is not copied as it is. See bench/.
export function embedJson(text: Uint8Array, target: Uint8Array, offset: number): number {
  let end = text.length;
  while (end > 0 && (text[end - 1] as number) <= SPACE) end--;
  let to = offset;
  let i = 0;
  while (i < end) {
    let byte = text[i++] as number;
    // Outside of strings whatever is not above a space is white space: the next byte takes its place. There always is one.
    target[to] = byte;
    to += (SPACE - byte) >>> 31;
    if (byte !== QUOTE) continue;
    for (;;) {
      byte = text[i++] as number;
      if (marked[byte] === 0) target[to++] = byte;
      else if (byte === QUOTE) {
        target[to++] = byte;
        break;
      } else if (byte === BACKSLASH) {
        target[to++] = byte;
        target[to++] = text[i++] as number;
      } else if (byte !== SEPARATOR_LEAD) to = writeEscape(target, to, byte);
      else if (isSeparatorAt(text, i - 1)) {
        to = writeEscape(target, to, 0x2000 | ((text[i + 1] as number) & 0x3f));
        i += 2;
      } else target[to++] = byte;
    }
  }
  return to;
}

const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const SEPARATOR_LEAD = 0xe2;

/** 1 for the bytes inside a string that embedding has to look at. */
const marked = new Uint8Array(256);
for (const char of '"\\<>&\u00e2') marked[char.charCodeAt(0)] = 1;

/** U+2028 and U+2029 are E2 80 A8 and E2 80 A9: legal in JSON, line ends in JavaScript. */
function isSeparatorAt(text: Uint8Array, i: number): boolean {
  return text[i] === SEPARATOR_LEAD && text[i + 1] === 0x80 && ((text[i + 2] as number) & 0xfe) === 0xa8;
}

function writeEscape(target: Uint8Array, offset: number, codeUnit: number): number {
  target[offset] = BACKSLASH;
  target[offset + 1] = 117;
  for (let nibble = 0; nibble < 4; nibble++) {
    target[offset + 2 + nibble] = '0123456789abcdef'.charCodeAt((codeUnit >> (12 - 4 * nibble)) & 15);
  }
  return offset + 6;
}
