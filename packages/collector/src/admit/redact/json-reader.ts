/** Reads JSON text that arrives in pieces, and says what stands where; it is refused as soon as it is none (RFC 8259). */
import { NumberScanner } from './json-number.ts';
import { StringScanner, incomplete, invalid } from './json-string.ts';

export type ValueKind = 'object' | 'array' | 'string' | 'number' | 'word';

/** Places count from where the piece begins that is being read. A listener that returns false ends the reading. */
export interface JsonListener {
  /** A member's name, quotes included, has ended before `to`. */
  name(from: number, to: number): boolean;
  /** A value that is no member's name begins at `at`. */
  value(kind: ValueKind, at: number): boolean;
  /** A string or number has ended before `to`. */
  text(kind: 'string' | 'number', from: number, to: number): boolean;
  /** A value of any kind has ended before `to`, and stands at {@link JsonReader.depth}. */
  valueEnd(to: number): void;
  /** The members or elements of the container that has just begun follow. */
  open(kind: 'object' | 'array'): void;
  close(): void;
  comma(at: number): void;
  /** White space outside strings; only while {@link JsonReader.tellsBlanks}. */
  blank(at: number): void;
}

/** Deeper text is refused. */
export const maxDepth = 512;

// What may come next. A plain number per state keeps the loop below a jump table.
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const NAME = 2;
const NAME_OR_CLOSE = 3;
const COLON = 4;
const COMMA_OR_CLOSE = 5;
const END = 6;
const IN_NAME = 7;
const IN_STRING = 8;
const IN_NUMBER = 9;
const IN_WORD = 10;

export class JsonReader {
  readonly string = new StringScanner();
  /** Containers that are open. */
  depth = 0;
  tellsBlanks = false;
  /** Where the name, string or number that is being read began. */
  tokenFrom = 0;
  readonly #number = new NumberScanner();
  readonly #isArray: boolean[] = [];
  readonly #listener: JsonListener;
  #state = VALUE;
  #word = '';

  constructor(listener: JsonListener) {
    this.#listener = listener;
  }

  get isInName(): boolean {
    return this.#state === IN_NAME;
  }

  get isInString(): boolean {
    return this.#state === IN_STRING;
  }

  get isInNumber(): boolean {
    return this.#state === IN_NUMBER;
  }

  /** Behind the comma of an object: a name must follow. */
  get isBeforeName(): boolean {
    return this.#state === NAME;
  }

  /** The value, and nothing else, was read. */
  get isComplete(): boolean {
    return this.#state === END;
  }

  get isInArray(): boolean {
    return this.#isArray[this.depth - 1] === true;
  }

  /** Reads on from `from`; false when the text is no JSON, or the listener wants no more. */
  // /!\ Hot path: over every byte of every body that is redacted.
  read(text: Uint8Array, from: number): boolean {
    const end = text.length;
    let i = from;
    while (i < end) {
      const byte = text[i] as number;
      switch (this.#state) {
        case IN_NAME:
        case IN_STRING: {
          const to = this.string.scan(text, i, end);
          if (to === incomplete) return true;
          if (to === invalid || !this.#stringEnd(to)) return false;
          i = to;
          continue;
        }
        case IN_NUMBER: {
          const to = this.#number.scan(text, i, end);
          if (to < 0) return true;
          if (!this.#number.isSound || !this.#listener.text('number', this.tokenFrom, to)) return false;
          this.#valueEnd(to);
          i = to;
          continue;
        }
        case IN_WORD:
          if (byte !== this.#word.charCodeAt(0)) return false;
          this.#word = this.#word.slice(1);
          i++;
          if (this.#word === '') this.#valueEnd(i);
          continue;
        default:
          if (byte === 32 || byte === 10 || byte === 13 || byte === 9) {
            if (this.tellsBlanks) this.#listener.blank(i);
          } else if (!this.#structure(byte, i)) return false;
          i++;
      }
    }
    return true;
  }

  #stringEnd(to: number): boolean {
    if (this.#state === IN_NAME) {
      this.#state = COLON;
      return this.#listener.name(this.tokenFrom, to);
    }
    if (!this.#listener.text('string', this.tokenFrom, to)) return false;
    this.#valueEnd(to);
    return true;
  }

  #valueEnd(to: number): void {
    this.#state = this.depth === 0 ? END : COMMA_OR_CLOSE;
    this.#listener.valueEnd(to);
  }

  /** A byte outside strings, numbers and words. */
  #structure(byte: number, at: number): boolean {
    const state = this.#state;
    switch (byte) {
      case 34: // "
        this.tokenFrom = at;
        this.string.begin();
        if (state === NAME || state === NAME_OR_CLOSE) {
          this.#state = IN_NAME;
          return true;
        }
        return this.#value('string', at, IN_STRING);
      case 44: // ,
        if (state !== COMMA_OR_CLOSE) return false;
        this.#state = this.isInArray ? VALUE : NAME;
        this.#listener.comma(at);
        return true;
      case 58: // :
        this.#state = VALUE;
        return state === COLON;
      case 123: // {
        return this.#value('object', at, NAME_OR_CLOSE) && this.#open(false);
      case 91: // [
        return this.#value('array', at, VALUE_OR_CLOSE) && this.#open(true);
      case 125: // }
        return (state === NAME_OR_CLOSE || state === COMMA_OR_CLOSE) && !this.isInArray && this.#close(at);
      case 93: // ]
        return (state === VALUE_OR_CLOSE || state === COMMA_OR_CLOSE) && this.isInArray && this.#close(at);
      default:
        return this.#scalar(byte, at);
    }
  }

  #scalar(byte: number, at: number): boolean {
    if (byte === 45 || (byte >= 48 && byte <= 57)) {
      this.tokenFrom = at;
      this.#number.begin(byte);
      return this.#value('number', at, IN_NUMBER);
    }
    this.#word = byte === 116 ? 'rue' : byte === 102 ? 'alse' : byte === 110 ? 'ull' : '';
    return this.#word !== '' && this.#value('word', at, IN_WORD);
  }

  #value(kind: ValueKind, at: number, next: number): boolean {
    const isExpected = this.#state === VALUE || this.#state === VALUE_OR_CLOSE;
    this.#state = next;
    return isExpected && this.#listener.value(kind, at);
  }

  #open(isArray: boolean): boolean {
    if (this.depth === maxDepth) return false;
    this.#isArray[this.depth++] = isArray;
    this.#listener.open(isArray ? 'array' : 'object');
    return true;
  }

  #close(at: number): boolean {
    this.#listener.close();
    this.depth--;
    this.#valueEnd(at + 1);
    return true;
  }
}
