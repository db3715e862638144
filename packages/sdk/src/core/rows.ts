import { isPlainObject, kindOf } from './cell.ts';
import { CollectorError } from './errors.ts';
import { untypedColumn } from './table.ts';
import type { FloatColumns, Table } from './table.ts';

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
// /!\ Hot path: rows mostly have the keys of the first one in its order, so position is tried before name.
export function rowsTable(rows: readonly Row[], floats: FloatColumns): Table {
  const names: string[] = [];
  const columns: unknown[][] = [];
  const indexes = new Map<string, number>();
  let alike = true;
  let at = 0;
  for (const row of rows) {
    let position = 0;
    for (const name of Object.keys(row)) {
      const expected = names[position] === name;
      alike &&= expected || at === 0;
      let index = expected ? position : indexes.get(name);
      if (index === undefined) {
        index = names.push(name) - 1;
        alike &&= name.isWellFormed();
        indexes.set(name, index);
        columns.push([]);
      }
      const column = columns[index];
      if (column !== undefined) column[at] = row[name];
      position++;
    }
    at++;
  }
  return {
    rowCount: rows.length,
    columns: names.map((name, index) => untypedColumn(name, columns[index] ?? [], floats)),
    ...(alike && { rows }),
  };
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
  return { rowCount, columns: entries.map(([name, values]) => typedColumn(name, values, floats)) };
}

function typedColumn(name: string, values: ArrayLike<unknown>, floats: FloatColumns) {
  const isFloat = kindOf(values).startsWith('Float');
  return untypedColumn(name, values, isFloat ? () => true : floats);
}

function isColumn(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value);
}
