import { writeText } from './cell.ts';
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
// /!\ Hot path: once per collected event, on the thread that scores (bench/sdk.ts). `JSON.stringify` takes half the time, but
// cannot write `1.0`.
export function writeTable({ columns, rows }: Table): string {
  const keys = columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${writeText(name)}:`);
  const end = columns.length === 0 ? '{}' : '}';
  let text = '';
  for (const cells of rows) {
    text += text === '' ? '[' : ',';
    let at = 0;
    try {
      for (const { write } of columns) {
        text += keys[at] + write(cells[at]);
        at++;
      }
    } catch (error) {
      throw misplaced(error, `row ${rows.indexOf(cells)}, column ${JSON.stringify(columns[at]?.name)}`);
    }
    text += end;
  }
  return text === '' ? '[]' : `${text}]`;
}

function misplaced(error: unknown, place: string): CollectorError {
  const reason = error instanceof Error ? error.message : messageOf(error);
  const fix = error instanceof CollectorError ? error.fix : undefined;
  return new CollectorError('data_not_serializable', `${place}: ${reason}`, {
    cause: error,
    ...(fix !== undefined && { fix }),
  });
}
