import { writeCell, writeFloatCell } from './cell.ts';
import type { CellWriter } from './cell.ts';
import { rowsTable } from './rows.ts';
import type { Row } from './rows.ts';
import type { FloatColumns, Table } from './table.ts';
import { listWriter, structWriter, writeInteger } from './typed-cells.ts';

/** What is read of a `nodejs-polars` DataFrame, known by its shape. It is a Proxy that looks like a plain object of columns. */
export interface PolarsDataFrame {
  readonly columns: readonly string[];
  readonly dtypes: readonly PolarsType[];
  toRecords(): Row[];
}

interface PolarsType {
  /** `Float64`, `Int32`, `List`, … */
  readonly variant: string;
  /** Of a list: its item's type; of a struct: its fields. */
  readonly inner?: readonly unknown[] | null;
}

export function isPolarsDataFrame(value: unknown): value is PolarsDataFrame {
  if (Object.prototype.toString.call(value) !== '[object DataFrame]') return false;
  const frame = value as Partial<PolarsDataFrame>;
  return typeof frame.toRecords === 'function' && Array.isArray(frame.columns) && Array.isArray(frame.dtypes);
}

/** Columns keep their Polars types: a float column is written as floats. */
export function polarsTable(frame: PolarsDataFrame, floats: FloatColumns): Table {
  const records = frame.toRecords();
  const types = new Map(frame.columns.map((name, index) => [name, frame.dtypes[index]]));
  const { rowCount, columns } = rowsTable(records, floats);
  return {
    rowCount,
    columns: columns.map((column) => {
      const write = floats(column.name) ? undefined : writerOf(types.get(column.name));
      return write === undefined ? column : { ...column, write };
    }),
  };
}

function writerOf(type: unknown): CellWriter {
  if (!isPolarsType(type)) return writeCell;
  const inner = type.inner ?? [];
  if (type.variant.startsWith('Float')) return writeFloatCell;
  if (/^U?Int\d/.test(type.variant)) return writeInteger;
  if (type.variant === 'List' || type.variant === 'Array') return listWriter(writerOf(inner[0]));
  if (type.variant === 'Struct') {
    return structWriter(
      inner.filter(isPolarsField).map(({ name, dtype }) => ({ name, write: writerOf(dtype) })),
    );
  }
  return writeCell;
}

function isPolarsType(value: unknown): value is PolarsType {
  return (
    typeof value === 'object' && value !== null && 'variant' in value && typeof value.variant === 'string'
  );
}

function isPolarsField(value: unknown): value is { name: string; dtype: unknown } {
  return typeof value === 'object' && value !== null && 'name' in value && 'dtype' in value;
}
