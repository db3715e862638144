/** Patterns on a text that is at hand. */
import { startSearchTime } from './pattern.ts';
import type { Match, SearchTime } from './pattern.ts';
import { digestText } from './rules.ts';
import type { CompiledRules } from './rules.ts';

/** What stands for a masked text. */
export const mask = '***';

/**
 * The text without what patterns match; the same text when none does. `undefined` when it could not be redacted in a time that
 * grows with its length alone: then nothing of it may be kept.
 */
export function redactText(
  rules: CompiledRules,
  text: string,
  time: SearchTime = startSearchTime(),
): string | undefined {
  const { patterns } = rules;
  const matching = patterns?.search.matching(text) ?? [];
  if (matching.length === 0) return text;
  let pieces: Piece[] = [];
  for (const pattern of matching) {
    const matches = patterns?.search.find(pattern, text, time);
    if (matches === undefined) return undefined;
    const action = patterns?.actions[pattern];
    const replacementOf = ({ from, to }: Match): string => {
      if (action === 'hash') return digestText(rules, text.slice(from, to));
      return action === 'mask' ? mask : '';
    };
    pieces = merge(pieces, matches, replacementOf);
  }
  let redacted = '';
  let from = 0;
  for (const piece of pieces) {
    redacted += text.slice(from, piece.from) + piece.replacement;
    from = piece.to;
  }
  return redacted + text.slice(from);
}

/**
 * A path with its query, or any text that may be encoded like one: as {@link redactText}, and what percent signs (and a plus)
 * stand for is looked at as well, part by part. A part that is hit is written anew. `undefined` also when a match is left that
 * reaches over several parts.
 */
export function redactPath(rules: CompiledRules, path: string): string | undefined {
  const time = startSearchTime();
  const plain = redactText(rules, path, time);
  if (plain === undefined || rules.patterns === undefined || !/[%+]/.test(plain)) return plain;
  const parts = plain.split(/([/?&=;#])/);
  const untouched = [...parts];
  for (const [index, part] of parts.entries()) {
    for (const decoded of decodings(part)) {
      const redacted = redactText(rules, decoded, time);
      if (redacted === undefined) return undefined;
      if (redacted === decoded) continue;
      parts[index] = encodeURIComponent(redacted.toWellFormed());
      untouched[index] = '';
      break;
    }
  }
  // What was put in is no text of the sender.
  const left = plain === path ? untouched.join('') : untouched.join('').replaceAll(replacements, '');
  const { search } = rules.patterns;
  return decodings(left).some((text) => search.matching(text).length > 0) ? undefined : parts.join('');
}

/** What becomes of a number: the same text when no pattern matches in it, else the digest of the first match, or null. */
export function redactNumber(rules: CompiledRules, text: string, time: SearchTime): string {
  const { patterns } = rules;
  const [pattern] = patterns?.search.matching(text) ?? [];
  if (pattern === undefined) return text;
  if (patterns?.actions[pattern] !== 'hash') return 'null';
  const first = patterns.search.find(pattern, text, time)?.[0];
  return first === undefined ? 'null' : `"${digestText(rules, text.slice(first.from, first.to))}"`;
}

interface Piece extends Match {
  replacement: string;
}

/**
 * All patterns look at the text as it came, so that no rule hides a match from another. Where matches overlap, what the earlier
 * rule says stands, and the rest of the later match is removed.
 */
function merge(
  pieces: readonly Piece[],
  matches: readonly Match[],
  replacementOf: (match: Match) => string,
): Piece[] {
  const merged: Piece[] = [];
  let next = 0;
  for (const match of matches) {
    let { from } = match;
    for (let piece = pieces[next]; piece !== undefined && piece.to <= from; piece = pieces[++next])
      merged.push(piece);
    let isAlone = true;
    for (let piece = pieces[next]; piece !== undefined && piece.from < match.to; piece = pieces[next]) {
      isAlone = false;
      if (piece.from > from) merged.push({ from, to: piece.from, replacement: '' });
      from = Math.max(from, piece.to);
      // It may reach into the next match as well.
      if (piece.to > match.to) break;
      merged.push(piece);
      next++;
    }
    if (from < match.to)
      merged.push({ from, to: match.to, replacement: isAlone ? replacementOf(match) : '' });
  }
  return [...merged, ...pieces.slice(next)];
}

/** Digests and masks. */
const replacements = /[\da-f]{32}|\*{3}/g;

/** A plus is a plus in a path, and a blank in a form. */
function decodings(text: string): string[] {
  return [text, text.replaceAll('+', '%20')].map(decodePercent);
}

/** Whatever is no sound escape stands for itself. */
function decodePercent(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
