/**
 * JSON under construction. What is whole is kept as its text, what grows as pieces that are joined once, so that the time is
 * linear in what came and the memory is known.
 */
import { isObject, parseExact } from './exact-json.ts';

/** About how much memory the drafts that share it take. */
export interface Held {
  bytes: number;
}

/** A string is the text of a whole value. */
type Draft = string | TextDraft | ObjectDraft | ListDraft;

/** What a piece, a member or an element costs beside its characters. */
const entryBytes = 64;
/** Small pieces are joined when there are so many, because each of them costs more than its characters. */
const maxPieces = 256;

class TextDraft {
  readonly #held: Held;
  #pieces: string[] = [];
  #length = 0;
  #joined: string[] = [];

  constructor(held: Held) {
    this.#held = held;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(piece: string): void {
    this.#length += piece.length;
    this.#held.bytes += piece.length + entryBytes;
    this.#pieces.push(piece);
    if (this.#pieces.length < maxPieces) return;
    this.#joined.push(this.#pieces.join(''));
    this.#held.bytes -= (maxPieces - 1) * entryBytes;
    this.#pieces = [];
  }

  text(): string {
    return this.#joined.join('') + this.#pieces.join('');
  }

  release(): void {
    this.#held.bytes -= this.#length + (this.#joined.length + this.#pieces.length) * entryBytes;
  }

  write(out: string[]): void {
    out.push(JSON.stringify(this.text()));
  }
}

/** Entries of an object or a list: what both can do with one of theirs. */
class Entries<Key extends string | number> {
  protected readonly held: Held;
  protected readonly entries = new Map<Key, Draft>();

  constructor(held: Held) {
    this.held = held;
  }

  has(key: Key): boolean {
    return this.entries.has(key);
  }

  /** The whole value of an entry, in place of what was there. */
  set(key: Key, value: unknown): void {
    if (value !== undefined) this.put(key, JSON.stringify(value));
  }

  /** The same, of a value that is JSON text already, and valid. */
  setJson(key: Key, text: string): void {
    this.put(key, text);
  }

  /** The object under this key; what was there and is no object makes way. */
  object(key: Key): ObjectDraft {
    const draft = this.entries.get(key);
    if (draft instanceof ObjectDraft) return draft;
    const object = new ObjectDraft(this.held);
    this.put(key, object);
    if (typeof draft === 'string') object.setAll(parseExact(draft));
    return object;
  }

  /** The list under this key; what was there and is no list makes way. */
  list(key: Key): ListDraft {
    const draft = this.entries.get(key);
    if (draft instanceof ListDraft) return draft;
    const list = new ListDraft(this.held);
    this.put(key, list);
    const value = typeof draft === 'string' ? parseExact(draft) : undefined;
    if (Array.isArray(value)) for (const element of value) list.push(element);
    return list;
  }

  release(): void {
    for (const draft of this.entries.values()) this.#forget(draft);
  }

  protected put(key: Key, draft: Draft): void {
    const before = this.entries.get(key);
    if (before === draft) return;
    if (before !== undefined) this.#forget(before);
    this.held.bytes += entryBytes + (typeof draft === 'string' ? draft.length : 0);
    this.entries.set(key, draft);
  }

  #forget(draft: Draft): void {
    this.held.bytes -= entryBytes;
    if (typeof draft === 'string') this.held.bytes -= draft.length;
    else draft.release();
  }
}

export class ObjectDraft extends Entries<string> {
  /** Every member of the value, when it is an object. */
  setAll(value: unknown): void {
    if (isObject(value)) for (const [name, member] of Object.entries(value)) this.set(name, member);
  }

  setDefault(name: string, value: unknown): void {
    if (!this.has(name)) this.set(name, value);
  }

  /**
   * What a delta adds to a member: strings and arrays grow, null changes nothing that is there, any other value takes the
   * place of what was there. A list to which a string comes takes it as an element; text to which a list comes becomes its
   * first.
   */
  append(name: string, value: unknown): void {
    if (value === null) this.setDefault(name, null);
    else if (typeof value === 'string') this.#addText(name, value);
    else if (Array.isArray(value)) {
      const list = this.#listOf(name);
      for (const element of value) list.push(element);
    } else this.set(name, value);
  }

  /** The text that a member has grown to. */
  text(name: string): string | undefined {
    const draft = this.entries.get(name);
    return draft instanceof TextDraft ? draft.text() : undefined;
  }

  write(out: string[]): void {
    let separator = '{';
    for (const [name, draft] of this.entries) {
      out.push(separator, JSON.stringify(name), ':');
      writeDraft(draft, out);
      separator = ',';
    }
    out.push(separator === '{' ? '{}' : '}');
  }

  #addText(name: string, piece: string): void {
    const draft = this.entries.get(name);
    if (draft instanceof TextDraft) return draft.add(piece);
    if (draft instanceof ListDraft) return draft.addText(piece);
    const text = new TextDraft(this.held);
    const before = typeof draft === 'string' ? parseExact(draft) : undefined;
    this.put(name, text);
    if (typeof before === 'string') text.add(before);
    text.add(piece);
  }

  #listOf(name: string): ListDraft {
    const draft = this.entries.get(name);
    const list = this.list(name);
    if (draft instanceof TextDraft && !draft.isEmpty) list.push(draft.text());
    return list;
  }
}

export class ListDraft extends Entries<number> {
  #nextIndex = 0;

  /** Behind the last element. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  push(value: unknown): void {
    this.set(this.#nextIndex, value);
  }

  /** More of a text that stands at the end of the list. */
  addText(piece: string): void {
    const last = this.entries.get(this.#nextIndex - 1);
    if (last instanceof TextDraft) return last.add(piece);
    const text = new TextDraft(this.held);
    text.add(piece);
    this.put(this.#nextIndex, text);
  }

  write(out: string[]): void {
    let separator = '[';
    for (const [, draft] of [...this.entries].sort(([a], [b]) => a - b)) {
      out.push(separator);
      writeDraft(draft, out);
      separator = ',';
    }
    out.push(separator === '[' ? '[]' : ']');
  }

  protected override put(index: number, draft: Draft): void {
    this.#nextIndex = Math.max(this.#nextIndex, index + 1);
    super.put(index, draft);
  }
}

function writeDraft(draft: Draft, out: string[]): void {
  if (typeof draft === 'string') out.push(draft);
  else draft.write(out);
}
