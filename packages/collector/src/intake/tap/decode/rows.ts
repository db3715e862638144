/** Rows out of tensors: one object per index of the first dimension, a column per tensor. */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { maxDimensions } from './limits.ts';
import type { Tensor, Values } from './tensor.ts';

/** What a message became. */
export interface Decoded {
  /** JSON text: an array of objects, without white space. */
  rows: Uint8Array;
  model: ModelIdentity;
}

/** What all messages of a body that name a model agree on. */
export interface ModelIdentity {
  modelName: string | undefined;
  modelVersion: string | undefined;
  /** Of the request, when its client gave it one. */
  id: string | undefined;
}

/** Writes the rows of one message after another into one array. */
export class RowWriter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #byteLength = 0;
  #text = '[';
  #hasRows = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Whether the tensors of a message make rows: they have one first dimension, other names, and the values that their shapes
   * promise, and the text stays within the limit. After a `false` the writer is of no more use. Lets others have their turn
   * while it writes.
   */
  async write(tensors: readonly Tensor[]): Promise<boolean> {
    const rowCount = tensors[0]?.shape[0] ?? 0;
    const columns = columnsOf(tensors, this.#maxBytes);
    if (columns === undefined || !this.#hasRoom(rowCount, columns)) return false;
    for (let row = 0; row < rowCount; row++) {
      if (this.#hasRows) this.#text += ',';
      this.#hasRows = true;
      for (const { key, values, valuesPerRow, blocks, whenEmpty } of columns) {
        this.#text += key;
        if (valuesPerRow === 0) this.#text += whenEmpty;
        for (let index = 0; index < valuesPerRow; index++) {
          const value = values.next();
          if (value === undefined) return false;
          this.#text += opening(blocks, index) + value + closing(blocks, index + 1);
          if (index + 1 < valuesPerRow) this.#text += ',';
          if (this.#text.length > pieceLength && !(await this.#flush())) return false;
        }
      }
      this.#text += '}';
      if (this.#text.length > pieceLength && !(await this.#flush())) return false;
    }
    return columns.every(({ values }) => values.isOver());
  }

  /** The array; `undefined` when it is beyond the limit. */
  finish(): Uint8Array | undefined {
    this.#text += ']';
    this.#keep();
    return this.#byteLength > this.#maxBytes ? undefined : Buffer.concat(this.#pieces);
  }

  async #flush(): Promise<boolean> {
    this.#keep();
    if (this.#byteLength > this.#maxBytes) return false;
    await nextTurn();
    return true;
  }

  #keep(): void {
    const piece = Buffer.from(this.#text);
    this.#text = '';
    this.#byteLength += piece.length;
    this.#pieces.push(piece);
  }

  /** A shape can promise rows without a value to show for. */
  #hasRoom(rowCount: number, columns: readonly Column[]): boolean {
    let leastBytesPerRow = 1;
    for (const { key, valuesPerRow, whenEmpty } of columns) {
      leastBytesPerRow += key.length + Math.max(2 * valuesPerRow - 1, whenEmpty.length);
    }
    return this.#byteLength + rowCount * leastBytesPerRow <= this.#maxBytes;
  }
}

/** A turn's work: about two milliseconds. */
const pieceLength = 65_536;

interface Column {
  /** With what stands before it. */
  key: string;
  values: Values;
  valuesPerRow: number;
  /** How many values an array of each depth holds, the innermost first; none for a scalar. */
  blocks: readonly number[];
  /** The text of a row that has no values. */
  whenEmpty: string;
}

function columnsOf(tensors: readonly Tensor[], maxBytes: number): Column[] | undefined {
  const columns: Column[] = [];
  const names = new Set<string>();
  for (const { name, shape, values } of tensors) {
    const [rowCount, ...rest] = shape;
    if (rowCount === undefined || rowCount !== tensors[0]?.shape[0] || names.has(name)) return undefined;
    if (shape.length > maxDimensions || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      return undefined;
    }
    names.add(name);
    const isEmpty = rest.includes(0);
    const valuesPerRow = isEmpty ? 0 : rest.reduce((product, size) => product * size, 1);
    if (rowCount * valuesPerRow > values.maxCount) return undefined;
    const whenEmpty = isEmpty ? emptyText(rest.slice(0, rest.indexOf(0)), maxBytes) : '';
    if (whenEmpty === undefined) return undefined;
    const isScalar = rest.length === 0 || (rest.length === 1 && rest[0] === 1);
    columns.push({
      key: `${columns.length === 0 ? '{' : ','}${JSON.stringify(name)}:`,
      values,
      valuesPerRow,
      blocks: isScalar ? [] : blocksOf(rest),
      whenEmpty,
    });
  }
  return columns;
}

function blocksOf(shape: readonly number[]): number[] {
  let size = 1;
  return shape.toReversed().map((dimension) => (size *= dimension));
}

/** Arrays of `outer` around empty ones. */
function emptyText(outer: readonly number[], maxBytes: number): string | undefined {
  let text = '[]';
  for (const size of outer.toReversed()) {
    if (size * (text.length + 1) > maxBytes) return undefined;
    text = `[${`${text},`.repeat(size).slice(0, -1)}]`;
  }
  return text;
}

function opening(blocks: readonly number[], index: number): string {
  return blocks.length === 0 ? '' : '['.repeat(wholeBlocks(blocks, index));
}

function closing(blocks: readonly number[], count: number): string {
  return blocks.length === 0 ? '' : ']'.repeat(wholeBlocks(blocks, count));
}

/** How many arrays begin, or end, with so many values before. */
function wholeBlocks(blocks: readonly number[], count: number): number {
  const partial = blocks.findIndex((size) => count % size !== 0);
  return partial === -1 ? blocks.length : partial;
}
