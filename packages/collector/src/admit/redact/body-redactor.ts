/**
 * Redacts a JSON body while it passes by. Everything that no rule touches keeps its bytes; what a rule touches is never written
 * anywhere. Only what is not decided yet is held: a string, a number, a member's name.
 */
import { JsonReader } from './json-reader.ts';
import type { JsonListener, ValueKind } from './json-reader.ts';
import { decodeAscii, decodePieces, decodeString } from './json-string.ts';
import { Output } from './output.ts';
import { Places } from './places.ts';
import { startSearchTime } from './pattern.ts';
import type { CompiledRules, Digest } from './rules.ts';
import { mask, redactNumber, redactText } from './text.ts';

export interface BodyRedactor {
  /**
   * Takes the next bytes of the body, and gives those that are decided: valid until the next call, and while `bytes` are.
   * They count only once {@link end} has not failed: what was given out before must be thrown away then.
   */
  push(bytes: Uint8Array): Uint8Array;
  /** The rest. `failed`: the body cannot be redacted, and nothing of it may be kept. */
  end(): Uint8Array | 'failed';
  /** True as soon as it is clear that {@link end} will fail; what is pushed then is not looked at. */
  readonly isFailed: boolean;
}

/** A longer member's name, or a longer string or number while there are patterns, makes the body fail. */
export const maxHeldBytes = 1024 * 1024;

export function createBodyRedactor(rules: CompiledRules): BodyRedactor {
  return new JsonRedactor(rules);
}

/** A whole body that is at hand; the result may be `bytes` themselves. */
export function redactBody(rules: CompiledRules, bytes: Uint8Array): Uint8Array | 'failed' {
  const redactor = new JsonRedactor(rules);
  const whole = redactor.push(bytes);
  if (redactor.isComplete) return whole;
  // What follows may need the memory that this lies in.
  const head = Uint8Array.from(whole);
  const rest = redactor.end();
  return rest === 'failed' ? rest : Buffer.concat([head, rest]);
}

// What becomes of the bytes that pass by.
const KEEP = 0;
const LEAVE_OUT = 1;
/** Into a digest: the bytes of a value without white space. */
const DIGEST_BYTES = 2;
/** Into a digest: what a string stands for. */
const DIGEST_TEXT = 3;

const nothing = new Uint8Array(0);

class JsonRedactor implements BodyRedactor, JsonListener {
  readonly #rules: CompiledRules;
  readonly #places: Places | undefined;
  readonly #reader = new JsonReader(this);
  readonly #output = new Output();
  /** What was pushed and is not decided. */
  readonly #held = new Output();
  /** What is being read: what was held, and what was pushed. */
  #text: Uint8Array = nothing;
  /** From here on nothing was handed on. */
  #runFrom = 0;
  /** Where the member began that is being read: at its comma, when one stands before it. */
  #memberFrom = 0;
  #mode = KEEP;
  /** Depth at which the value ends that is being redacted, and what is written for it. */
  #redactedAt = 0;
  #replacement = '';
  #digest: Digest | undefined;
  /** By depth: a member of the object was kept. */
  readonly #hasMembers: boolean[] = [];
  readonly #searchTime = startSearchTime();
  #isFailed = false;
  #isEmpty = true;

  constructor(rules: CompiledRules) {
    this.#rules = rules;
    this.#places = rules.places && new Places(rules.places);
  }

  get isFailed(): boolean {
    return this.#isFailed;
  }

  /** The body is over, unless something follows that has no place there. */
  get isComplete(): boolean {
    return !this.#isFailed && this.#reader.isComplete;
  }

  push(bytes: Uint8Array): Uint8Array {
    if (this.#isFailed || bytes.length === 0) return nothing;
    this.#isEmpty = false;
    this.#output.clear();
    const heldBytes = this.#held.length;
    if (heldBytes > 0) this.#held.add(bytes, 0, bytes.length);
    const text = heldBytes > 0 ? this.#held.bytes() : bytes;
    this.#text = text;
    const isSound = this.#reader.read(text, heldBytes);
    const until = this.#decidedUntil();
    if (!isSound || text.length - until > maxHeldBytes) return this.#fail();
    const isUntouched = heldBytes === 0 && this.#mode === KEEP && this.#output.length === 0;
    const result = isUntouched ? bytes.subarray(this.#runFrom, until) : undefined;
    if (result === undefined) this.#handOn(until);
    this.#runFrom = Math.max(this.#runFrom, until) - until;
    this.#memberFrom -= until;
    this.#reader.tokenFrom -= until;
    this.#reader.string.escapeFrom -= until;
    if (heldBytes > 0) this.#held.keepFrom(until);
    else this.#held.add(bytes, until, bytes.length);
    this.#text = nothing;
    return result ?? this.#output.bytes();
  }

  end(): Uint8Array | 'failed' {
    // A body of no bytes is none: there is nothing to take out.
    if (this.#isEmpty) return nothing;
    // A number at the end is over only when something follows.
    const rest = this.push(Buffer.from(' '));
    if (this.#isFailed || !this.#reader.isComplete) {
      this.#fail();
      return 'failed';
    }
    return rest.subarray(0, rest.length - 1);
  }

  name(from: number, to: number): boolean {
    if (this.#mode !== KEEP) return true;
    const isFirst = this.#hasMembers[this.#reader.depth] !== true;
    const memberFrom = isFirst ? from : this.#memberFrom;
    if (to - memberFrom > maxHeldBytes) return false;
    const places = this.#places;
    if (places !== undefined) {
      if (!places.member(this.#nameId(from, to))) return false;
      if (places.rule >= 0 && this.#rules.actions[places.rule] === 'drop') {
        this.#handOn(memberFrom);
        this.#leaveOut('');
        return true;
      }
    }
    this.#hasMembers[this.#reader.depth] = true;
    return this.#replaceIn(from, to);
  }

  value(kind: ValueKind, at: number): boolean {
    const rule = this.#places?.rule ?? -1;
    if (this.#mode !== KEEP || rule < 0) return true;
    this.#handOn(at);
    const action = this.#rules.actions[rule];
    if (action !== 'hash') this.#leaveOut(action === 'mask' && kind === 'string' ? `"${mask}"` : 'null');
    else {
      this.#digest = this.#rules.startDigest();
      this.#mode = kind === 'string' ? DIGEST_TEXT : DIGEST_BYTES;
      this.#redactedAt = this.#reader.depth;
      this.#reader.tellsBlanks = kind !== 'string';
      if (kind === 'string') this.#runFrom = at + 1;
    }
    return true;
  }

  text(kind: 'string' | 'number', from: number, to: number): boolean {
    if (kind === 'number') return this.#mode !== KEEP || this.#replaceNumber(from, to);
    if (this.#isColumnName()) {
      if (to - from > maxHeldBytes || !this.#places?.columnName(this.#nameId(from, to))) return false;
    }
    return this.#mode !== KEEP || this.#replaceIn(from, to);
  }

  valueEnd(to: number): void {
    if (this.#mode === KEEP || this.#reader.depth !== this.#redactedAt) return;
    if (this.#mode === DIGEST_TEXT) this.#handOn(to - 1);
    else if (this.#mode === DIGEST_BYTES) this.#handOn(to);
    const replacement = this.#digest === undefined ? this.#replacement : `"${this.#digest.finish()}"`;
    this.#digest = undefined;
    this.#reader.tellsBlanks = false;
    this.#output.addText(replacement);
    this.#mode = KEEP;
    this.#runFrom = to;
  }

  open(kind: 'object' | 'array'): void {
    if (this.#mode !== KEEP) return;
    this.#hasMembers[this.#reader.depth] = false;
    this.#places?.open(kind);
  }

  close(): void {
    if (this.#mode === KEEP) this.#places?.close();
  }

  comma(at: number): void {
    if (this.#mode !== KEEP) return;
    this.#memberFrom = at;
    if (this.#reader.isInArray) this.#places?.nextElement();
    else if (this.#hasMembers[this.#reader.depth] !== true) {
      // All members so far were dropped: this comma goes with them.
      this.#handOn(at);
      this.#runFrom = at + 1;
    }
  }

  blank(at: number): void {
    this.#handOn(at);
    this.#runFrom = at + 1;
  }

  /** The string between the quotes is written anew when a pattern matches in what it stands for. */
  #replaceIn(from: number, to: number): boolean {
    if (this.#rules.patterns === undefined) return true;
    if (to - from > maxHeldBytes) return false;
    const { isEscaped, isWide } = this.#reader.string;
    const isAscii = !isEscaped && !isWide;
    const text = isAscii ? decodeAscii(this.#text, from + 1, to - 1) : decodeString(this.#text, from, to);
    const redacted = redactText(this.#rules, text, this.#searchTime);
    if (redacted === undefined) return false;
    if (redacted === text) return true;
    this.#handOn(from);
    this.#output.addText(JSON.stringify(redacted));
    this.#runFrom = to;
    return true;
  }

  #replaceNumber(from: number, to: number): boolean {
    if (this.#rules.patterns === undefined) return true;
    if (to - from > maxHeldBytes) return false;
    const text = decodeAscii(this.#text, from, to);
    const redacted = redactNumber(this.#rules, text, this.#searchTime);
    if (redacted === text) return true;
    this.#handOn(from);
    this.#output.addText(redacted);
    this.#runFrom = to;
    return true;
  }

  #leaveOut(replacement: string): void {
    this.#mode = LEAVE_OUT;
    this.#redactedAt = this.#reader.depth;
    this.#replacement = replacement;
  }

  /** Hands on what has passed by before `to`, wherever it goes. */
  #handOn(to: number): void {
    const from = this.#runFrom;
    if (to <= from) return;
    this.#runFrom = to;
    const text = this.#text;
    if (this.#mode === KEEP) this.#output.add(text, from, to);
    else if (this.#mode === DIGEST_BYTES) this.#digest?.update(text.subarray(from, to));
    else if (this.#mode === DIGEST_TEXT)
      decodePieces(text, { from, to }, (bytes) => this.#digest?.update(bytes));
  }

  /** Up to where everything that was read may be handed on. */
  #decidedUntil(): number {
    const reader = this.#reader;
    if (this.#mode === KEEP) {
      const isFirst = this.#hasMembers[reader.depth] !== true;
      if (reader.isInName) return isFirst ? reader.tokenFrom : this.#memberFrom;
      if (reader.isBeforeName && !isFirst) return this.#memberFrom;
      const isPatternText = reader.isInString || reader.isInNumber;
      if (isPatternText && this.#rules.patterns !== undefined) return reader.tokenFrom;
    }
    if (reader.isInString) {
      if (this.#isColumnName()) return reader.tokenFrom;
      if (this.#mode === DIGEST_TEXT && reader.string.isInEscape) return reader.string.escapeFrom;
    }
    return this.#text.length;
  }

  /** The string that is being read names a column; not those somewhere within what is redacted. */
  #isColumnName(): boolean {
    const isSeen = this.#mode === KEEP || this.#reader.depth === this.#redactedAt;
    return isSeen && this.#places?.isColumnName === true;
  }

  #nameId(from: number, to: number): number {
    const names = this.#rules.places?.names;
    if (names === undefined) return -1;
    if (!this.#reader.string.isEscaped) return names.find(this.#text, from + 1, to - 1);
    const name = Buffer.from(decodeString(this.#text, from, to));
    return names.find(name, 0, name.length);
  }

  #fail(): Uint8Array {
    this.#isFailed = true;
    this.#text = nothing;
    this.#held.clear();
    return nothing;
  }
}
