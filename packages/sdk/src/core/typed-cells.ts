import { writeCell, writeText } from './cell.ts';
import type { CellWriter } from './cell.ts';

/** Writers for values whose type a schema tells, so that nothing has to be guessed from the values. */

/** A missing value is `null` whatever the type. */
export function nullable(write: (value: {}) => string): CellWriter {
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

/** Whole numbers, also those beyond 2^53 that arrive as a float. */
export const writeInteger: CellWriter = (value) =>
  typeof value === 'number' && Number.isInteger(value) ? `${BigInt(value)}` : writeCell(value);

/** Epoch or duration milliseconds; finer units are cut. */
export const writeMilliseconds: CellWriter = (value) =>
  writeCell(typeof value === 'number' ? Math.floor(value) : value);

export function listWriter(item: CellWriter): CellWriter {
  return nullable((list) => (isIterable(list) ? `[${Array.from(list, item).join(',')}]` : writeCell(list)));
}

/** Entries, as a Map iterates them, become members named by the text of their keys. */
export function mapWriter(item: CellWriter): CellWriter {
  return nullable((map) => {
    const entries = new Map(map as Iterable<[unknown, unknown]>);
    return `{${Array.from(entries, ([key, value]) => `${writeText(String(key))}:${item(value)}`).join(',')}}`;
  });
}

/** Reads members by name, which is how both Arrow's struct rows and plain objects offer them. */
export function structWriter(members: readonly { name: string; write: CellWriter }[]): CellWriter {
  const keys = members.map(({ name }) => `${writeText(name)}:`);
  return nullable((struct) => {
    const values = new Map<string, unknown>(Object.entries(struct));
    return `{${members.map(({ name, write }, at) => keys[at] + write(values.get(name))).join(',')}}`;
  });
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}
