/**
 * The fields of a head or a trailer section in the order they came, duplicates included. Text is the bytes read as Latin-1;
 * names keep their case, values are without the blanks around them. Names and values are cut from the head when asked for:
 * a value that is kept for long keeps its head (some hundred bytes) in memory.
 */
export interface Fields extends Iterable<readonly [name: string, value: string]> {
  readonly size: number;
  nameAt(index: number): string;
  valueAt(index: number): string;
  /** Length of the name: tells most names apart without a look at them. */
  nameLengthAt(index: number): number;
  /** Whether the field at `index` has this name, which must be written in lower case. */
  isNamed(index: number, lowerCaseName: string): boolean;
  /** The value of the first field with this name, which must be written in lower case. */
  get(lowerCaseName: string): string | undefined;
}

/**
 * `/!\ Hot path`: notes where each field lies and makes no string. `text` must have passed the grammar (`grammar.ts`): a
 * start line, field lines, an empty line, each ended by CR LF.
 */
export function indexFields(text: string): Fields {
  const marks: number[] = [];
  const end = text.length - 2;
  let start = text.indexOf('\r') + 2;
  while (start < end) {
    const colon = text.indexOf(':', start);
    const lineEnd = text.indexOf('\r', colon);
    marks.push(start, colon, lineEnd);
    start = lineEnd + 2;
  }
  return new IndexedFields(text, marks);
}

class IndexedFields implements Fields {
  readonly size: number;
  readonly #text: string;
  /** For each field: where its name begins, its colon, its line end. */
  readonly #marks: readonly number[];

  constructor(text: string, marks: readonly number[]) {
    this.size = marks.length / 3;
    this.#text = text;
    this.#marks = marks;
  }

  nameAt(index: number): string {
    return this.#text.slice(this.#mark(index * 3), this.#mark(index * 3 + 1));
  }

  valueAt(index: number): string {
    let start = this.#mark(index * 3 + 1) + 1;
    let end = this.#mark(index * 3 + 2);
    while (start < end && isBlank(this.#text.charCodeAt(start))) start += 1;
    while (start < end && isBlank(this.#text.charCodeAt(end - 1))) end -= 1;
    return this.#text.slice(start, end);
  }

  nameLengthAt(index: number): number {
    return this.#mark(index * 3 + 1) - this.#mark(index * 3);
  }

  isNamed(index: number, lowerCaseName: string): boolean {
    const text = this.#text;
    const start = this.#mark(index * 3);
    const { length } = lowerCaseName;
    if (this.#mark(index * 3 + 1) - start !== length) return false;
    // From the end: many names of one head begin alike (`ce-`).
    for (let i = length - 1; i >= 0; i -= 1) {
      const code = text.charCodeAt(start + i);
      const lower = code >= 65 && code <= 90 ? code + 32 : code;
      if (lower !== lowerCaseName.charCodeAt(i)) return false;
    }
    return true;
  }

  get(lowerCaseName: string): string | undefined {
    for (let i = 0; i < this.size; i += 1) if (this.isNamed(i, lowerCaseName)) return this.valueAt(i);
    return undefined;
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.size; i += 1) yield [this.nameAt(i), this.valueAt(i)];
  }

  #mark(at: number): number {
    return this.#marks[at] ?? 0;
  }
}

/** A blank is SP or HTAB, as in OWS of RFC 9110, section 5.6.3. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
