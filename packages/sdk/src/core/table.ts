import { writeFloatCell, writeText } from './cell.ts';
import type { CellWriter } from './cell.ts';
import { CollectorError, messageOf } from './errors.ts';

/** What every accepted shape is brought to before it is written. */
export interface Table {
  columns: readonly Column[];
  /** The cells of each row in the order of the columns. One that is left out or `undefined` is a missing value. */
  rows: readonly (readonly unknown[])[];
}

export interface Column {
  name: string;
  write: CellWriter;
}

/** Which columns hold floats although every number in them may be whole. */
export type FloatColumns = (name: string) => boolean;

/** A JSON array with one object per row, rows and columns in order: the body of an event. */
// /!\ Hot path: once per collected event, on the thread that scores (bench/sdk.ts). `JSON.stringify` of the rows takes half the
// time, but cannot write `1.0`; so it writes only what takes the most, the fractions, which are met here in the same order.
export function writeTable({ columns, rows }: Table): string {
  const keys = columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${writeText(name)}:`);
  const writers = columns.map(({ write }) => write);
  const fractions = writeFractions(findFractions(rows, writers));
  const end = columns.length === 0 ? '{}' : '}';
  let next = 0;
  let text = '';
  for (const cells of rows) {
    text += text === '' ? '[' : ',';
    let at = 0;
    try {
      for (const write of writers) {
        const cell = cells[at];
        text += keys[at];
        text += write === writeFloatCell && isFraction(cell) ? fractions[next++] : write(cell);
        at++;
      }
    } catch (error) {
      throw misplaced(error, `row ${rows.indexOf(cells)}, column ${JSON.stringify(columns[at]?.name)}`);
    }
    text += end;
  }
  return text === '' ? '[]' : `${text}]`;
}

/** The fractions that stand in columns of floats, row by row. */
function findFractions(rows: Table['rows'], writers: readonly CellWriter[]): number[] {
  const fractions: number[] = [];
  for (const cells of rows) {
    for (let at = 0; at < writers.length; at++) {
      const cell = cells[at];
      if (writers[at] === writeFloatCell && isFraction(cell)) fractions.push(cell);
    }
  }
  return fractions;
}

/**
 * What `writeFloatCell` makes of each. One by one they would go through V8's cache of the texts of numbers, which costs time and
 * garbage and helps only numbers that come back.
 */
function writeFractions(fractions: readonly number[]): string[] {
  // There are libraries that give every array a toJSON.
  if ('toJSON' in fractions) return fractions.map(writeFloatCell);
  return JSON.stringify(fractions).slice(1, -1).split(',');
}

/** NaN and the infinities among them: `JSON.stringify` writes these as we do. */
function isFraction(cell: unknown): cell is number {
  return typeof cell === 'number' && !Number.isInteger(cell);
}

function misplaced(error: unknown, place: string): CollectorError {
  const reason = error instanceof Error ? error.message : messageOf(error);
  const fix = error instanceof CollectorError ? error.fix : undefined;
  return new CollectorError('data_not_serializable', `${place}: ${reason}`, {
    cause: error,
    ...(fix !== undefined && { fix }),
  });
}
