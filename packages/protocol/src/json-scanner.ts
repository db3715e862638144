/** The scanner behind {@link createJsonScanner}: a state machine, so that a text may be cut anywhere. */
import type { JsonScan, JsonScanner } from './json-scan.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const AMPERSAND = 38;
const LESS = 60;
const GREATER = 62;
const BACKSLASH = 92;

// What may come next. A plain number per state keeps the loop below a jump table.
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY = 2;
const KEY_OR_CLOSE = 3;
const COLON = 4;
const COMMA_OR_CLOSE = 5;
const STRING = 6;
const ESCAPE = 7;
const HEX = 8;
const UTF8 = 9;
const LITERAL = 10;
const MINUS = 11;
const ZERO = 12;
const INTEGER = 13;
const POINT = 14;
const FRACTION = 15;
const EXPONENT = 16;
const EXPONENT_SIGN = 17;
const EXPONENT_DIGITS = 18;
const INVALID = 19;

const OBJECT = 1;
const ARRAY = 2;

/** 1 for the bytes inside a string that need a look: quote, backslash, controls, `<`, `>`, `&`, and all non-ASCII. */
const special = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const marked = byte < 0x20 || byte >= 0x80;
  special[byte] = marked || [QUOTE, BACKSLASH, LESS, GREATER, AMPERSAND].includes(byte) ? 1 : 0;
}

export class Scanner implements JsonScanner {
  readonly #stack: Uint8Array;
  readonly #maxDepth: number;
  #depth = 0;
  #state = VALUE;
  #length = 0;
  #delta = 0;
  #changes = 0;
  #rows = true;
  #stringIsKey = false;
  /** Rest of `true`, `false` or `null`. */
  #literal = '';
  /** Of an escape `\uXXXX` or a UTF-8 sequence: bytes still to come, and the code point so far. */
  #left = 0;
  #code = 0;
  #leastCode = 0;
  /** After a high surrogate escape: the low half must follow. 1: `\` next, 2: `u` next, 3: its digits. */
  #surrogate = 0;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#stack = new Uint8Array(maxDepth);
  }

  // /!\ Hot path: runs over every byte of a body that goes to a file. See bench/.
  push(bytes: Uint8Array): void {
    const end = bytes.length;
    let state = this.#state;
    let i = 0;
    this.#length += end;
    while (i < end) {
      const byte = bytes[i] as number;
      switch (state) {
        case STRING:
          if (special[byte] === 0 && this.#surrogate === 0) {
            do i++;
            while (i < end && special[bytes[i] as number] === 0);
            continue;
          }
          if (byte === QUOTE && this.#surrogate === 0) state = this.#stringIsKey ? COLON : COMMA_OR_CLOSE;
          else state = this.#inString(byte);
          break;
        case ESCAPE:
          state = this.#escape(byte);
          break;
        case HEX:
          state = this.#hexDigit(byte);
          break;
        case UTF8:
          state = this.#continuation(byte);
          break;
        case LITERAL:
          state = this.#literalByte(byte);
          break;
        case INTEGER:
        case FRACTION:
        case EXPONENT_DIGITS:
          if (isDigit(byte)) {
            do i++;
            while (i < end && isDigit(bytes[i] as number));
            continue;
          }
          state = this.#afterDigits(state, byte);
          if (state === COMMA_OR_CLOSE) continue;
          break;
        case ZERO:
          state = this.#afterDigits(INTEGER, byte);
          if (state === COMMA_OR_CLOSE) continue;
          break;
        case MINUS:
          state = byte === 48 ? ZERO : isDigit(byte) ? INTEGER : INVALID;
          break;
        case POINT:
          state = isDigit(byte) ? FRACTION : INVALID;
          break;
        case EXPONENT:
          state = isDigit(byte) ? EXPONENT_DIGITS : byte === 43 || byte === 45 ? EXPONENT_SIGN : INVALID;
          break;
        case EXPONENT_SIGN:
          state = isDigit(byte) ? EXPONENT_DIGITS : INVALID;
          break;
        case INVALID:
          i = end;
          continue;
        default:
          // The four commonest bytes between tokens, spared the method call.
          if (byte === QUOTE && state === KEY) {
            this.#stringIsKey = true;
            state = STRING;
          } else if (byte === 58 && state === COLON) state = VALUE;
          else if (byte === 44 && state === COMMA_OR_CLOSE && this.#depth > 1) {
            state = this.#stack[this.#depth - 1] === OBJECT ? KEY : VALUE;
          } else if (byte === QUOTE && state === VALUE && this.#depth > 1) {
            this.#stringIsKey = false;
            state = STRING;
          } else if (isDigit(byte) && byte !== 48 && state === VALUE && this.#depth > 1) state = INTEGER;
          else if (byte === SPACE || byte === LF || byte === CR || byte === TAB) {
            this.#delta--;
            this.#changes++;
          } else state = this.#structure(state, byte);
      }
      i++;
    }
    this.#state = state;
  }

  end(): JsonScan {
    const atNumberEnd =
      this.#state === ZERO ||
      this.#state === INTEGER ||
      this.#state === FRACTION ||
      this.#state === EXPONENT_DIGITS;
    const valid = this.#depth === 0 && (this.#state === COMMA_OR_CLOSE || atNumberEnd);
    const shape = valid && this.#rows ? 'rows' : 'other';
    return { valid, shape, verbatim: this.#changes === 0, embeddedLength: this.#length + this.#delta };
  }

  #structure(state: number, byte: number): number {
    switch (byte) {
      case 123: // {
        if (state > VALUE_OR_CLOSE) return INVALID;
        if (this.#depth === 0) this.#rows = false;
        return this.#open(OBJECT, KEY_OR_CLOSE);
      case 91: // [
        if (state > VALUE_OR_CLOSE) return INVALID;
        if (this.#depth === 1) this.#rows = false;
        return this.#open(ARRAY, VALUE_OR_CLOSE);
      case 125: // }
        return this.#close(OBJECT, state === KEY_OR_CLOSE || state === COMMA_OR_CLOSE);
      case 93: // ]
        return this.#close(ARRAY, state === VALUE_OR_CLOSE || state === COMMA_OR_CLOSE);
      case 44: // ,
        if (state !== COMMA_OR_CLOSE || this.#depth === 0) return INVALID;
        return this.#stack[this.#depth - 1] === OBJECT ? KEY : VALUE;
      case 58: // :
        return state === COLON ? VALUE : INVALID;
      case QUOTE:
        if (state === KEY || state === KEY_OR_CLOSE) this.#stringIsKey = true;
        else if (state <= VALUE_OR_CLOSE) {
          this.#stringIsKey = false;
          if (this.#depth <= 1) this.#scalarRow();
        } else return INVALID;
        return STRING;
      default:
        return state <= VALUE_OR_CLOSE ? this.#scalar(byte) : INVALID;
    }
  }

  #scalar(byte: number): number {
    if (byte === 110) {
      this.#literal = 'ull';
      if (this.#depth === 0) this.#rows = false;
      return LITERAL;
    }
    if (this.#depth <= 1) this.#scalarRow();
    if (byte === 45) return MINUS;
    if (byte === 48) return ZERO;
    if (isDigit(byte)) return INTEGER;
    if (byte === 116) this.#literal = 'rue';
    else if (byte === 102) this.#literal = 'alse';
    else return INVALID;
    return LITERAL;
  }

  /** A text, number or boolean where a row should stand. */
  #scalarRow(): void {
    if (this.#depth === 0 || this.#stack[0] === ARRAY) this.#rows = false;
  }

  #open(container: number, next: number): number {
    if (this.#depth === this.#maxDepth) return INVALID;
    this.#stack[this.#depth++] = container;
    return next;
  }

  #close(container: number, allowed: boolean): number {
    if (!allowed || this.#depth === 0 || this.#stack[this.#depth - 1] !== container) return INVALID;
    this.#depth--;
    return COMMA_OR_CLOSE;
  }

  #inString(byte: number): number {
    if (this.#surrogate !== 0 && byte !== BACKSLASH) return INVALID;
    if (byte === BACKSLASH) return ESCAPE;
    if (byte < 0x20) return INVALID;
    if (byte < 0x80) {
      this.#delta += 5;
      this.#changes++;
      return STRING;
    }
    return this.#lead(byte);
  }

  #lead(byte: number): number {
    if (byte < 0xc2 || byte > 0xf4) return INVALID;
    this.#left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#code = byte & (0x3f >> this.#left);
    this.#leastCode = this.#left === 1 ? 0x80 : this.#left === 2 ? 0x800 : 0x10000;
    return UTF8;
  }

  #continuation(byte: number): number {
    if ((byte & 0xc0) !== 0x80) return INVALID;
    this.#code = (this.#code << 6) | (byte & 0x3f);
    if (--this.#left > 0) return UTF8;
    const code = this.#code;
    if (code < this.#leastCode || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return INVALID;
    if (code === 0x2028 || code === 0x2029) {
      this.#delta += 3;
      this.#changes++;
    }
    return STRING;
  }

  #escape(byte: number): number {
    if (byte === 117) {
      this.#left = 4;
      this.#code = 0;
      return HEX;
    }
    if (this.#surrogate !== 0) return INVALID;
    // " \ / b f n r t
    return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? STRING : INVALID;
  }

  #hexDigit(byte: number): number {
    const digit = isDigit(byte) ? byte - 48 : (byte | 32) >= 97 && (byte | 32) <= 102 ? (byte | 32) - 87 : -1;
    if (digit < 0) return INVALID;
    this.#code = (this.#code << 4) | digit;
    if (--this.#left > 0) return HEX;
    const isLow = this.#code >= 0xdc00 && this.#code <= 0xdfff;
    // A lone half is legal JSON by grammar, but readers refuse the file that holds it.
    if (isLow !== (this.#surrogate !== 0)) return INVALID;
    this.#surrogate = this.#code >= 0xd800 && this.#code <= 0xdbff ? 1 : 0;
    return STRING;
  }

  #literalByte(byte: number): number {
    if (byte !== this.#literal.charCodeAt(0)) return INVALID;
    this.#literal = this.#literal.slice(1);
    return this.#literal === '' ? COMMA_OR_CLOSE : LITERAL;
  }

  /** A byte after a number that is not a digit; COMMA_OR_CLOSE means the number has ended before this byte. */
  #afterDigits(state: number, byte: number): number {
    if (byte === 46) return state === INTEGER ? POINT : INVALID;
    if (byte === 101 || byte === 69) return state === EXPONENT_DIGITS ? INVALID : EXPONENT;
    return isDigit(byte) ? INVALID : COMMA_OR_CLOSE;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
