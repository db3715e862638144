import { writeCell, writeFloatCell } from './cell.ts';
import type { CellWriter } from './cell.ts';
import { CollectorError } from './errors.ts';
import type { FloatColumns, Table } from './table.ts';
import {
  listWriter,
  mapWriter,
  nullable,
  structWriter,
  writeInteger,
  writeMilliseconds,
} from './typed-cells.ts';

/** What is read of an Apache Arrow `Table` or `RecordBatch`: it is known by its shape, so no version of the package is needed. */
export interface ArrowTable {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly ArrowField[] };
  getChildAt(index: number): ArrowVector | null;
}

interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
}

interface ArrowVector {
  get(index: number): unknown;
}

interface ArrowType {
  readonly typeId: number;
  readonly children?: readonly ArrowField[] | null;
  /** Type of the values of a dictionary. */
  readonly dictionary?: ArrowType;
  readonly scale?: number;
  readonly unit?: number;
}

export function isArrowTable(value: unknown): value is ArrowTable {
  if (typeof value !== 'object' || value === null) return false;
  if (!('numRows' in value && 'schema' in value && 'getChildAt' in value)) return false;
  const { numRows, schema, getChildAt } = value;
  const isSchema = typeof schema === 'object' && schema !== null && 'fields' in schema;
  return (
    typeof numRows === 'number' &&
    typeof getChildAt === 'function' &&
    isSchema &&
    Array.isArray(schema.fields)
  );
}

/** Columns keep their Arrow types: a float column is written as floats, a 64-bit integer digit for digit. */
export function arrowTable(table: ArrowTable, floats: FloatColumns): Table {
  const { numRows, schema } = table;
  const names = new Set<string>();
  const columns = schema.fields.map(({ name, type }) => {
    if (names.has(name)) {
      throw new CollectorError('data_type_unsupported', `two columns are called ${JSON.stringify(name)}`, {
        fix: 'Give every column a name of its own.',
      });
    }
    names.add(name);
    return { name, write: writerOf(type, floats(name)) };
  });
  const vectors = columns.map((_, index) => table.getChildAt(index));
  const rows = Array.from({ length: numRows }, (_, row) => vectors.map((vector) => vector?.get(row)));
  return { columns, rows };
}

/** Type ids of the Arrow format (`Schema.fbs`) as apache-arrow numbers them. */
const typeIds = {
  dictionary: -1,
  int: 2,
  float: 3,
  decimal: 7,
  date: 8,
  timestamp: 10,
  list: 12,
  struct: 13,
  fixedSizeList: 16,
  map: 17,
  duration: 18,
};

function writerOf(type: ArrowType, asFloat: boolean): CellWriter {
  const children = type.children ?? [];
  switch (type.typeId) {
    case typeIds.dictionary:
      return type.dictionary === undefined ? writeCell : writerOf(type.dictionary, asFloat);
    case typeIds.int:
      return asFloat ? writeFloatCell : writeInteger;
    case typeIds.float:
      return writeFloatCell;
    case typeIds.decimal:
      return decimalWriter(type.scale ?? 0);
    case typeIds.date:
    case typeIds.timestamp:
      return writeMilliseconds;
    case typeIds.duration:
      return durationWriter(type.unit ?? 0);
    case typeIds.list:
    case typeIds.fixedSizeList:
      return listWriter(children[0] === undefined ? writeCell : writerOf(children[0].type, asFloat));
    case typeIds.struct:
      return structWriter(
        children.map((child) => ({ name: child.name, write: writerOf(child.type, asFloat) })),
      );
    case typeIds.map:
      return mapWriter(writerOfMapValue(children[0]?.type, asFloat));
    default:
      return writeCell;
  }
}

/** A map is a list of structs of a key and a value. */
function writerOfMapValue(entry: ArrowType | undefined, asFloat: boolean): CellWriter {
  const value = entry?.children?.[1];
  return value === undefined ? writeCell : writerOf(value.type, asFloat);
}

/** A decimal arrives as the 32-bit words of its unscaled integer, the lowest first; its point is put back, so no digit is lost. */
function decimalWriter(scale: number): CellWriter {
  return nullable((words) => {
    if (!(words instanceof Uint32Array)) return writeCell(words);
    let bits = 0n;
    for (let at = words.length - 1; at >= 0; at--) bits = (bits << 32n) | BigInt(words[at] ?? 0);
    const unscaled = BigInt.asIntN(32 * words.length, bits) * 10n ** BigInt(Math.max(-scale, 0));
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    const point = digits.length - scale;
    const text = scale > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : digits;
    return unscaled < 0n ? `-${text}` : text;
  });
}

/** Milliseconds, as pandas writes a timedelta. Units: 0 seconds, 1 ms, 2 µs, 3 ns. */
function durationWriter(unit: number): CellWriter {
  return nullable((value) => {
    if (typeof value !== 'bigint') return writeCell(value);
    return String(unit === 0 ? value * 1000n : value / 1000n ** BigInt(unit - 1));
  });
}
