import { writeCell, writeFloatCell } from './cell.ts';
import type { CellWriter } from './cell.ts';
import type { Row } from './rows.ts';
import type { FloatColumns, Table } from './table.ts';
import { listWriter, structWriter, writeInteger } from './typed-cells.ts';

/** What is read of a `nodejs-polars` DataFrame, known by its shape. It is a Proxy that looks like a plain object of columns. */
export interface PolarsDataFrame {
  readonly columns: readonly string[];
  readonly dtypes: readonly PolarsType[];
  toRecords(): Row[];
  getColumn(name: string): PolarsSeries;
}

interface PolarsSeries {
  /** The same bits as 64-bit integers with a sign or without. */
  reinterpret(signed: boolean): PolarsSeries;
  toArray(): unknown[];
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

/** Columns keep their Polars types: a float column is written as floats, a 64-bit integer digit for digit. */
export function polarsTable(frame: PolarsDataFrame, floats: FloatColumns): Table {
  const { columns: names, dtypes } = frame;
  const columns = names.map((name, at) => ({
    name,
    write: floats(name) ? writeFloatCell : writerOf(dtypes[at]),
  }));
  const rows = frame.toRecords().map((record) => names.map((name) => record[name]));
  for (const [at, name] of names.entries()) {
    if (dtypes[at]?.variant !== 'Int64' || !rows.some((cells) => isRounded(cells[at]))) continue;
    const exact = frame.getColumn(name).reinterpret(false).toArray();
    for (const [row, cells] of rows.entries()) cells[at] = signed(exact[row]);
  }
  return { columns, rows };
}

/** Polars hands out signed integers beyond 2^53 as the nearest float, unsigned ones as a bigint. */
function isRounded(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value);
}

function signed(bits: unknown): unknown {
  return typeof bits === 'bigint' ? BigInt.asIntN(64, bits) : bits;
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
