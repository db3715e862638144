/**
 * The way of {@link scanJson} through a text that is there as a whole: the grammar as straight code, where the streaming scanner
 * has to keep a state for every byte. About three times as fast.
 */
import type { JsonScan } from './json-scan.ts';
import { afterBlanks, afterNumber, afterString, afterWord, isBlank } from './json-tokens.ts';

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const NINE = 57;
const COLON = 58;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const LETTER_N = 110;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** For each open container: 1 when it stands in an object. One text is scanned at a time. */
const stack = new Uint8Array(1024);

/** What {@link scanJson} says of a valid object or array. Undefined says nothing: look closer. */
// /!\ Hot path: over every body of the intake. See bench/.
export function scanWhole(text: Uint8Array, maxDepth: number): JsonScan | undefined {
  if (maxDepth > stack.length) return undefined;
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1] as number)) end--;
  // No number, word or blank can run over a closing bracket, so that only strings have to look for the end.
  if (end < 2 || (text[end - 1] !== BRACE_CLOSE && text[end - 1] !== BRACKET_CLOSE)) return undefined;
  let i = 0;
  while (isBlank(text[i] as number)) i++;
  let depth = 0;
  let inObject = false;
  let rows = text[i] === BRACKET_OPEN;
  if (!rows && text[i] !== BRACE_OPEN) return undefined;
  const changes = { dropped: i + text.length - end, added: 0 };
  for (;;) {
    // Here a member or an element begins.
    if (inObject) {
      if (text[i] !== QUOTE) return undefined;
      i = afterString(text, i + 1, changes);
      if (i < 0) return undefined;
      if ((text[i] as number) <= SPACE) i = afterBlanks(text, i, changes);
      if (text[i] !== COLON) return undefined;
      i++;
      if ((text[i] as number) <= SPACE) i = afterBlanks(text, i, changes);
    }
    const byte = text[i] as number;
    if (depth === 1 && byte !== BRACE_OPEN && byte !== LETTER_N) rows = false;
    if (byte === QUOTE) {
      i = afterString(text, i + 1, changes);
      if (i < 0) return undefined;
    } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
      if (depth === maxDepth) return undefined;
      stack[depth++] = inObject ? 1 : 0;
      inObject = byte === BRACE_OPEN;
      i++;
      if ((text[i] as number) <= SPACE) i = afterBlanks(text, i, changes);
      if (text[i] !== byte + 2) continue;
    } else {
      i = byte <= NINE ? afterNumber(text, i) : afterWord(text, i);
      if (i < 0) return undefined;
    }
    // Here a value has ended.
    for (;;) {
      if ((text[i] as number) <= SPACE) i = afterBlanks(text, i, changes);
      const next = text[i++];
      if (next === COMMA) {
        if ((text[i] as number) <= SPACE) i = afterBlanks(text, i, changes);
        break;
      }
      if (next !== (inObject ? BRACE_CLOSE : BRACKET_CLOSE)) return undefined;
      inObject = stack[--depth] === 1;
      if (depth > 0) continue;
      if (i !== end) return undefined;
      return {
        valid: true,
        shape: rows ? 'rows' : 'other',
        verbatim: changes.dropped === 0 && changes.added === 0,
        embeddedLength: text.length - changes.dropped + changes.added,
      };
    }
  }
}
