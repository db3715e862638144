/** Numbers of JSON text, wherever the text is cut. */
const BEGIN = 0;
const MINUS = 1;
const ZERO = 2;
const INTEGER = 3;
const POINT = 4;
const FRACTION = 5;
const EXPONENT = 6;
const EXPONENT_SIGN = 7;
const EXPONENT_DIGITS = 8;

export class NumberScanner {
  #state = BEGIN;

  /** `byte`: the first of the number, a minus or a digit. */
  begin(byte: number): void {
    this.#state = follow(BEGIN, byte);
  }

  /** Whether the number could end here. */
  get isSound(): boolean {
    const state = this.#state;
    return state === ZERO || state === INTEGER || state === FRACTION || state === EXPONENT_DIGITS;
  }

  /** Returns the place of the first byte that does not belong to the number, or -1 when there is none. */
  scan(text: Uint8Array, from: number, end: number): number {
    let state = this.#state;
    for (let i = from; i < end; i++) {
      const next = follow(state, text[i] as number);
      if (next < 0) {
        this.#state = state;
        return i;
      }
      state = next;
    }
    this.#state = state;
    return -1;
  }
}

function follow(state: number, byte: number): number {
  if (byte >= 48 && byte <= 57) {
    switch (state) {
      case BEGIN:
      case MINUS:
        return byte === 48 ? ZERO : INTEGER;
      case ZERO:
        return -1;
      case POINT:
        return FRACTION;
      case EXPONENT:
      case EXPONENT_SIGN:
        return EXPONENT_DIGITS;
      default:
        return state;
    }
  }
  if (byte === 46) return state === ZERO || state === INTEGER ? POINT : -1;
  if (byte === 45) return state === BEGIN ? MINUS : state === EXPONENT ? EXPONENT_SIGN : -1;
  if (byte === 43) return state === EXPONENT ? EXPONENT_SIGN : -1;
  if ((byte | 32) === 101) return state === ZERO || state === INTEGER || state === FRACTION ? EXPONENT : -1;
  return -1;
}
