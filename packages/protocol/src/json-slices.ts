/**
 * Where the members of a JSON object, or the elements of an array, stand in the text: values are handed on as bytes, never
 * parsed and written again. Only for text that `scanJson` called valid.
 */
export interface JsonSlice {
  start: number;
  end: number;
}

export interface JsonMember extends JsonSlice {
  name: string;
}

/** Members of the object `text`, in order; nothing when it is no object. */
export function* objectMembers(text: Uint8Array): Generator<JsonMember> {
  let i = skipBlank(text, 0);
  if (text[i] !== BRACE_OPEN) return;
  i = skipBlank(text, i + 1);
  while (text[i] === QUOTE) {
    const nameEnd = skipString(text, i);
    const name = textOf(text.subarray(i, nameEnd));
    const start = skipBlank(text, skipBlank(text, nameEnd) + 1);
    const end = skipValue(text, start);
    yield { name, start, end };
    i = nextItem(text, end);
  }
}

/** Elements of the array `text`, in order; nothing when it is no array. */
export function* arrayElements(text: Uint8Array): Generator<JsonSlice> {
  let i = skipBlank(text, 0);
  if (text[i] !== BRACKET_OPEN) return;
  i = skipBlank(text, i + 1);
  while (i < text.length && text[i] !== BRACKET_CLOSE) {
    const end = skipValue(text, i);
    yield { start: i, end };
    i = nextItem(text, end);
  }
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

const decoder = new TextDecoder();

function textOf(quoted: Uint8Array): string {
  return JSON.parse(decoder.decode(quoted)) as string;
}

function nextItem(text: Uint8Array, end: number): number {
  const i = skipBlank(text, end);
  return text[i] === COMMA ? skipBlank(text, i + 1) : i;
}

function skipBlank(text: Uint8Array, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text[i] as number)) i++;
  return i;
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

function skipString(text: Uint8Array, from: number): number {
  let i = from + 1;
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i + 1;
}

function skipValue(text: Uint8Array, from: number): number {
  let depth = 0;
  let i = from;
  while (i < text.length) {
    const byte = text[i] as number;
    if (byte === QUOTE) {
      i = skipString(text, i);
      if (depth === 0) return i;
      continue;
    }
    if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth++;
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && (byte === COMMA || isBlank(byte))) return i;
    i++;
  }
  return i;
}
