/** Ids of the names that rules are about; those that tables and tensors are known by are always there. */
export class NameTable {
  readonly #byLength: { bytes: Uint8Array; id: number }[][] = [];
  #size = 0;

  constructor() {
    for (const name of wellKnown) this.add(name);
  }

  get size(): number {
    return this.#size;
  }

  add(name: string): number {
    const bytes = Buffer.from(name);
    const known = this.find(bytes, 0, bytes.length);
    if (known >= 0) return known;
    (this.#byLength[bytes.length] ??= []).push({ bytes, id: this.#size });
    return this.#size++;
  }

  /** Of the name between `from` and `to`, in UTF-8 without escapes; -1 when no rule is about it. */
  // /!\ Hot path: once per member of every body.
  find(text: Uint8Array, from: number, to: number): number {
    const candidates = this.#byLength[to - from];
    if (candidates === undefined) return -1;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i];
      if (candidate !== undefined && isAt(text, from, candidate.bytes)) return candidate.id;
    }
    return -1;
  }
}

const wellKnown = ['columns', 'data', 'name'];
export const [columnsName, dataName, nameName] = [0, 1, 2];

function isAt(text: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (text[from + i] !== name[i]) return false;
  return true;
}
