/**
 * The tokens of JSON in a text that is there as a whole. Each function takes where a token begins and returns where it has ended,
 * or -1 when it is none. Save for strings they rely on a closing bracket at the end of the text, which stops them.
 */
export interface JsonChanges {
  /** Bytes of white space. */
  dropped: number;
  /** Bytes that escapes add when the text is embedded. */
  added: number;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
const LETTER_A = 97;
const LETTER_E = 101;
const LETTER_F = 102;
const LETTER_L = 108;
const LETTER_N = 110;
const LETTER_R = 114;
const LETTER_S = 115;
const LETTER_T = 116;
const LETTER_U = 117;

// What a byte means inside a string.
const PLAIN = 0;
const END = 1;
const ESCAPE = 2;
const GROWS = 3;
const LEAD = 4;
const BAD = 5;

const meaning = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte < 0x20) meaning[byte] = BAD;
  else if (byte === QUOTE) meaning[byte] = END;
  else if (byte < 0x80) meaning[byte] = '<>&'.includes(String.fromCharCode(byte)) ? GROWS : PLAIN;
  else meaning[byte] = byte >= 0xc2 && byte <= 0xf4 ? LEAD : BAD;
}
meaning['\\'.charCodeAt(0)] = ESCAPE;

/** Value of a hexadecimal digit; -1: none. */
const hexDigits = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  hexDigits[digit.toString(16).charCodeAt(0)] = digit;
  hexDigits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** 1 for what may follow a backslash beside `u`. */
const shortEscapes = new Uint8Array(256);
for (const char of '"\\/bfnrt') shortEscapes[char.charCodeAt(0)] = 1;

export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** The first byte at or behind `i` that is no white space; what is skipped is counted. */
export function afterBlanks(text: Uint8Array, i: number, changes: JsonChanges): number {
  let at = i;
  while (isBlank(text[at] as number)) at++;
  changes.dropped += at - i;
  return at;
}

/** Behind the string whose first character is at `i`, or -1. What it grows by when it is embedded is counted. */
export function afterString(text: Uint8Array, i: number, changes: JsonChanges): number {
  const end = text.length;
  let at = i;
  while (at < end && meaning[text[at] as number] === PLAIN) at++;
  return at < end && text[at] === QUOTE ? at + 1 : afterRichString(text, at, changes);
}

/** {@link afterString} from the first byte that is not plain. */
function afterRichString(text: Uint8Array, i: number, changes: JsonChanges): number {
  const end = text.length;
  let at = i;
  while (at < end) {
    const byte = text[at] as number;
    const what = meaning[byte];
    if (what === PLAIN) {
      do at++;
      while (at < end && meaning[text[at] as number] === PLAIN);
    } else if (what === LEAD) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      if (at + length >= end) return -1;
      const second = text[at + 1] as number;
      if ((second & 0xc0) !== 0x80) return -1;
      if (length > 2) {
        const third = text[at + 2] as number;
        if ((third & 0xc0) !== 0x80) return -1;
        if (length === 3) {
          // Not in its shortest form, or a surrogate.
          if ((byte === 0xe0 && second < 0xa0) || (byte === 0xed && second >= 0xa0)) return -1;
          if (byte === 0xe2 && second === 0x80 && (third & 0xfe) === 0xa8) changes.added += 3;
        } else {
          if (((text[at + 3] as number) & 0xc0) !== 0x80) return -1;
          // Not in its shortest form, or above U+10FFFF.
          if ((byte === 0xf0 && second < 0x90) || (byte === 0xf4 && second >= 0x90)) return -1;
        }
      }
      at += length;
    } else if (what === ESCAPE) {
      at = afterEscape(text, at);
      if (at < 0) return -1;
    } else if (what === GROWS) {
      changes.added += 5;
      at++;
    } else return what === END ? at + 1 : -1;
  }
  return -1;
}

/** Behind the escape, or pair of surrogate escapes, at `i`, or -1. */
function afterEscape(text: Uint8Array, i: number): number {
  if (text[i + 1] !== LETTER_U) return shortEscapes[text[i + 1] as number] === 1 ? i + 2 : -1;
  const unit = codeUnit(text, i + 2);
  if (unit < 0) return -1;
  if ((unit & 0xf800) !== 0xd800) return i + 6;
  // A lone half is legal JSON by grammar, but readers refuse the file that holds it.
  if (unit >= 0xdc00 || text[i + 6] !== BACKSLASH || text[i + 7] !== LETTER_U) return -1;
  const low = codeUnit(text, i + 8);
  return low >= 0xdc00 && low <= 0xdfff ? i + 12 : -1;
}

/** The four hexadecimal digits at `i`, or a negative number. */
function codeUnit(text: Uint8Array, i: number): number {
  if (i + 4 > text.length) return -1;
  const high = ((hexDigits[text[i] as number] as number) << 4) | (hexDigits[text[i + 1] as number] as number);
  const low =
    ((hexDigits[text[i + 2] as number] as number) << 4) | (hexDigits[text[i + 3] as number] as number);
  return (high << 8) | low;
}

/** Behind the number at `i`, or -1. */
export function afterNumber(text: Uint8Array, i: number): number {
  let at = i;
  if (text[at] === MINUS) at++;
  if (text[at] === ZERO) at++;
  else {
    const first = at;
    at = afterDigits(text, at);
    if (at === first) return -1;
  }
  if (text[at] === POINT) {
    const first = at + 1;
    at = afterDigits(text, first);
    if (at === first) return -1;
  }
  if (((text[at] as number) | 0x20) === LETTER_E) {
    let first = at + 1;
    if (text[first] === MINUS || text[first] === PLUS) first++;
    at = afterDigits(text, first);
    if (at === first) return -1;
  }
  return at;
}

function afterDigits(text: Uint8Array, i: number): number {
  let at = i;
  while (isDigit(text[at] as number)) at++;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** Behind `true`, `false` or `null` at `i`, or -1. */
export function afterWord(text: Uint8Array, i: number): number {
  // Written out: a loop over the letters takes markedly longer.
  switch (text[i] as number) {
    case LETTER_T:
      return text[i + 1] === LETTER_R && text[i + 2] === LETTER_U && text[i + 3] === LETTER_E ? i + 4 : -1;
    case LETTER_N:
      return text[i + 1] === LETTER_U && text[i + 2] === LETTER_L && text[i + 3] === LETTER_L ? i + 4 : -1;
    case LETTER_F:
      return text[i + 1] === LETTER_A &&
        text[i + 2] === LETTER_L &&
        text[i + 3] === LETTER_S &&
        text[i + 4] === LETTER_E
        ? i + 5
        : -1;
    default:
      return -1;
  }
}
