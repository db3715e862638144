import { arrowTable, isArrowTable } from './arrow.ts';
import type { ArrowTable } from './arrow.ts';
import { kindOf, isPlainObject } from './cell.ts';
import { CollectorError } from './errors.ts';
import { isPolarsDataFrame, polarsTable } from './polars.ts';
import type { PolarsDataFrame } from './polars.ts';
import { columnsTable, findNonColumn, findNonRow, rowsTable } from './rows.ts';
import type { Columns, Row } from './rows.ts';
import { writeTable } from './table.ts';
import type { FloatColumns, Table } from './table.ts';

/** What `collect` takes. */
export type CollectableData = readonly Row[] | Columns | ArrowTable | PolarsDataFrame;

/** Data of a shape we know, not yet read. */
export interface RecognizedData {
  /** Becomes `collectdatatype` of the record. */
  collectDataType: string;
  /** The JSON body, rows as objects. Throws `data_not_serializable` where a value cannot be written. */
  toJson(floats: FloatColumns): string;
}

/** Tells which accepted shape the data have, at little cost, or throws `data_type_unsupported`. */
export function recognizeData(data: unknown): RecognizedData {
  if (Array.isArray(data)) {
    const stray = findNonRow(data);
    if (stray >= 0) throw unsupported(`array with a ${kindOf(data[stray])} at index ${stray}`);
    return recognized('gleaner.Rows', (floats) => rowsTable(data, floats));
  }
  if (isArrowTable(data)) {
    return recognized('apache-arrow.Table', (floats) => arrowTable(data, floats));
  }
  if (isPolarsDataFrame(data)) {
    return recognized('polars.DataFrame', (floats) => polarsTable(data, floats));
  }
  if (!isPlainObject(data)) throw unsupported(kindOf(data));
  const stray = findNonColumn(data);
  if (stray !== undefined) {
    throw unsupported(
      `object whose member ${JSON.stringify(stray)} is a ${kindOf(data[stray])}`,
      'One row is collected as an array of one: collect([row]).',
    );
  }
  return recognized('gleaner.Columns', (floats) => columnsTable(data as Columns, floats));
}

function recognized(collectDataType: string, read: (floats: FloatColumns) => Table): RecognizedData {
  return { collectDataType, toJson: (floats) => writeTable(read(floats)) };
}

function unsupported(given: string, fix?: string): CollectorError {
  return new CollectorError(
    'data_type_unsupported',
    `data type (${given}) not supported, supported types: array of row objects, object of columns, Arrow Table, ` +
      'Polars DataFrame',
    fix === undefined ? {} : { fix },
  );
}
