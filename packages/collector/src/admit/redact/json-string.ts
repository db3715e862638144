/** Strings of JSON text: from one quote to the other, wherever the text is cut. */
const QUOTE = 34;
const BACKSLASH = 92;

const PLAIN = 0;
const ESCAPE = 1;
const HEX = 2;
/** The low half of a pair must follow: its backslash, its `u`. */
const LOW_BACKSLASH = 3;
const LOW_U = 4;
const CONTINUATION = 5;

/** 1 for the bytes inside a string that need a look: quote, backslash, controls and all non-ASCII. */
const special = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  special[byte] = byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH ? 1 : 0;
}

export const incomplete = -1;
export const invalid = -2;

/** Reads one string after the other; valid are those of RFC 8259 in UTF-8, without halves of surrogate pairs. */
export class StringScanner {
  /** Whether the string has escapes, or other characters than ASCII, as far as it was read. */
  isEscaped = false;
  isWide = false;
  /** Where the escape began that is not complete. */
  escapeFrom = 0;
  #state = PLAIN;
  #left = 0;
  #code = 0;
  /** Of a pair of escapes: the second is being read. */
  #isLow = false;
  /** Bounds of the next byte of a character. */
  #least = 0x80;
  #most = 0xbf;

  /** Behind the opening quote. */
  begin(): void {
    this.isEscaped = false;
    this.isWide = false;
    this.#state = PLAIN;
    this.#isLow = false;
  }

  get isInEscape(): boolean {
    return this.#state !== PLAIN && this.#state !== CONTINUATION;
  }

  /** Returns the place behind the closing quote, {@link incomplete} when `text` ends before it, or {@link invalid}. */
  // /!\ Hot path: over every byte of every string.
  scan(text: Uint8Array, from: number, end: number): number {
    let i = from;
    while (i < end) {
      const byte = text[i] as number;
      if (this.#state === PLAIN) {
        if (special[byte] === 0) {
          do i++;
          while (i < end && special[text[i] as number] === 0);
          continue;
        }
        if (byte === QUOTE) return i + 1;
        if (byte === BACKSLASH) {
          this.isEscaped = true;
          this.escapeFrom = i;
          this.#state = ESCAPE;
        } else if (!this.#lead(byte)) return invalid;
      } else if (!this.#inside(byte)) return invalid;
      i++;
    }
    return incomplete;
  }

  #inside(byte: number): boolean {
    switch (this.#state) {
      case CONTINUATION:
        if (byte < this.#least || byte > this.#most) return false;
        this.#least = 0x80;
        this.#most = 0xbf;
        if (--this.#left === 0) this.#state = PLAIN;
        return true;
      case HEX:
        return this.#hexDigit(byte);
      case LOW_BACKSLASH:
        this.#state = LOW_U;
        return byte === BACKSLASH;
      case LOW_U:
        this.#isLow = true;
        return byte === 117 && this.#beginHex();
      default:
        if (byte === 117) return this.#beginHex();
        this.#state = PLAIN;
        // " \ / b f n r t
        return '"\\/bfnrt'.includes(String.fromCharCode(byte));
    }
  }

  #beginHex(): boolean {
    this.#state = HEX;
    this.#left = 4;
    this.#code = 0;
    return true;
  }

  #hexDigit(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit < 0) return false;
    this.#code = (this.#code << 4) | digit;
    if (--this.#left > 0) return true;
    const half = this.#code >> 10;
    const isLow = this.#isLow;
    this.#isLow = false;
    this.#state = half === 0x36 && !isLow ? LOW_BACKSLASH : PLAIN;
    // A low half follows a high one, and nothing else does.
    return (half === 0x37) === isLow;
  }

  /** The first byte of a character beyond ASCII (table 3-7 of the Unicode standard). */
  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.isWide = true;
    this.#state = CONTINUATION;
    this.#left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#least = 0xa0;
    else if (byte === 0xed) this.#most = 0x9f;
    else if (byte === 0xf0) this.#least = 0x90;
    else if (byte === 0xf4) this.#most = 0x8f;
    return true;
  }
}

/** The text of a sound string that stands, quotes included, between `from` and `to`. */
export function decodeString(text: Uint8Array, from: number, to: number): string {
  const quoted = bufferOf(text).toString('utf8', from, to);
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

export function decodeAscii(text: Uint8Array, from: number, to: number): string {
  return bufferOf(text).toString('latin1', from, to);
}

/** Hands over, in pieces and in UTF-8, what the inside of a sound string between `from` and `to` stands for. */
export function decodePieces(
  text: Uint8Array,
  { from, to }: { from: number; to: number },
  handOver: (bytes: Uint8Array) => void,
): void {
  let at = from;
  while (at < to) {
    const found = text.indexOf(BACKSLASH, at);
    const escape = found < 0 || found > to ? to : found;
    if (escape > at) handOver(text.subarray(at, escape));
    if (escape === to) return;
    at = escape;
    // A run of escapes ends where no pair can be open.
    while (at < to && text[at] === BACKSLASH) at += text[at + 1] === 117 ? 6 : 2;
    handOver(Buffer.from(JSON.parse(`"${bufferOf(text).toString('latin1', escape, at)}"`) as string));
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
