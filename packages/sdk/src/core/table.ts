import {
  holdsFraction,
  isPlainCell,
  isPlainFloatCell,
  writeCell,
  writeFloatCell,
  writeText,
} from './cell.ts';
import type { CellWriter } from './cell.ts';
import { CollectorError } from './errors.ts';

/** Data in columns: what every accepted shape is brought to before it is written. */
export interface Table {
  rowCount: number;
  columns: readonly Column[];
  /** The same data as objects, when none has a column out of this order, and all names are well-formed. */
  rows?: readonly object[];
}

export interface Column {
  name: string;
  /** One per row; `undefined` is a missing value. */
  values: ArrayLike<unknown>;
  write: CellWriter;
  /** Tells of a value whether `JSON.stringify` would write it the same; without it none is taken to be. */
  isPlain?: (value: unknown) => boolean;
}

/** Which columns hold floats although every number in them may be whole. */
export type FloatColumns = (name: string) => boolean;

/** A JSON array with one object per row, rows and columns in order: the body of an event. */
// /!\ Hot path: once per collected event, on the thread that scores. `JSON.stringify` takes two thirds of the time and
// serves for most rows, but cannot write `1.0`.
export function writeTable(table: Table): string {
  const keys = table.columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${writeText(name)}:`);
  let text = '[';
  for (let row = 0; row < table.rowCount; row++) {
    if (row > 0) text += ',';
    const source = table.rows?.[row];
    text +=
      source !== undefined && isPlainRow(table, row) ? JSON.stringify(source) : writeRow(table, row, keys);
  }
  return `${text}]`;
}

/**
 * A column whose type only its values tell. Readers type a column by its tokens (compat 8.4), so numbers are written all alike:
 * as floats (`1.0`) when the column was declared one or any number in it is no integer, as integers otherwise.
 */
export function untypedColumn(name: string, values: ArrayLike<unknown>, floats: FloatColumns): Column {
  return floats(name) || anyFraction(values)
    ? { name, values, write: writeFloatCell, isPlain: isPlainFloatCell }
    : { name, values, write: writeCell, isPlain: isPlainCell };
}

function isPlainRow({ columns }: Table, row: number): boolean {
  for (const { values, isPlain } of columns) if (isPlain === undefined || !isPlain(values[row])) return false;
  return true;
}

function writeRow({ columns }: Table, row: number, keys: readonly string[]): string {
  let text = '';
  let at = 0;
  try {
    for (const { values, write } of columns) {
      text += keys[at] + write(values[row]);
      at++;
    }
  } catch (error) {
    throw misplaced(error, `row ${row}, column ${JSON.stringify(columns[at]?.name)}`);
  }
  return text === '' ? '{}' : `${text}}`;
}

function anyFraction(values: ArrayLike<unknown>): boolean {
  for (let i = 0; i < values.length; i++) if (holdsFraction(values[i])) return true;
  return false;
}

function misplaced(error: unknown, place: string): CollectorError {
  const reason = error instanceof Error ? error.message : String(error);
  const fix = error instanceof CollectorError ? error.fix : undefined;
  return new CollectorError('data_not_serializable', `${place}: ${reason}`, {
    cause: error,
    ...(fix !== undefined && { fix }),
  });
}
