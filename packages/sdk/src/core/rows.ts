import { holdsFraction, isPlainObject, kindOf, writeCell, writeFloatCell } from './cell.ts';
import { CollectorError } from './errors.ts';
import type { Column, FloatColumns, Table } from './table.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Columns by name, all of one length: lists or typed arrays. */
export type Columns = Readonly<Record<string, ArrayLike<unknown>>>;

/** The index of the first element that is no row, or -1. */
export function findNonRow(list: readonly unknown[]): number {
  // Not findIndex, which takes a hole for undefined only by chance of its definition; and this is a hot path.
  for (let i = 0; i < list.length; i++) if (!isPlainObject(list[i])) return i;
  return -1;
}

/** Columns in the order in which the rows name them; a key that a row lacks is a missing value. */
// /!\ Hot path: rows mostly have the keys of the first one in its order, and then their values are taken as they lie.
export function rowsTable(rows: readonly Row[], floats: FloatColumns): Table {
  const names = Object.keys(rows[0] ?? {});
  const indexes = new Map<string, number>();
  const cells: unknown[][] = [];
  for (const row of rows) {
    const keys = Object.keys(row);
    const values = Object.values(row);
    cells.push(isStart(keys, names) ? values : rearranged(keys, values));
  }
  return { columns: names.map((name, at) => untypedColumn(name, floats, { cells, at })), rows: cells };

  function rearranged(keys: readonly string[], values: readonly unknown[]): unknown[] {
    if (indexes.size === 0) for (const [index, name] of names.entries()) indexes.set(name, index);
    const arranged: unknown[] = [];
    for (const [position, name] of keys.entries()) {
      const index = indexes.get(name) ?? names.push(name) - 1;
      indexes.set(name, index);
      arranged[index] = values[position];
    }
    return arranged;
  }
}

/** The name of the first member that is no column, if there is one. */
export function findNonColumn(columns: Row): string | undefined {
  return Object.keys(columns).find((name) => !isColumn(columns[name]));
}

/** Throws `data_type_unsupported` where the columns differ in length. */
export function columnsTable(columns: Columns, floats: FloatColumns): Table {
  const entries = Object.entries(columns);
  const [first] = entries;
  const rowCount = first?.[1].length ?? 0;
  for (const [name, values] of entries) {
    if (values.length === rowCount) continue;
    throw new CollectorError(
      'data_type_unsupported',
      `column ${JSON.stringify(name)} has ${values.length} values, column ${JSON.stringify(first?.[0])} has ${rowCount}`,
      { fix: 'Give all columns the same length.' },
    );
  }
  const cells = Array.from({ length: rowCount }, (_, row) => entries.map(([, values]) => values[row]));
  const typed = entries.map(([name, values], at) =>
    kindOf(values).startsWith('Float')
      ? { name, write: writeFloatCell }
      : untypedColumn(name, floats, { cells, at }),
  );
  return { columns: typed, rows: cells };
}

/**
 * A column whose type only its values tell. Readers type a column by its tokens (compat 8.4), so numbers are written all alike:
 * as floats (`1.0`) when the column was declared one or any number in it is no integer, as integers otherwise.
 */
function untypedColumn(
  name: string,
  floats: FloatColumns,
  place: { cells: unknown[][]; at: number },
): Column {
  return { name, write: floats(name) || anyFraction(place) ? writeFloatCell : writeCell };
}

function anyFraction({ cells, at }: { cells: readonly unknown[][]; at: number }): boolean {
  for (const row of cells) if (holdsFraction(row[at])) return true;
  return false;
}

/** True when the keys are the first of the names, one by one. */
function isStart(keys: readonly string[], names: readonly string[]): boolean {
  for (let at = 0; at < keys.length; at++) if (keys[at] !== names[at]) return false;
  return true;
}

function isColumn(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value);
}
