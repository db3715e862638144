/** A file of labels as DuckDB reads it. */
import { extname } from 'node:path';
import { QueryError } from '../cache/errors.ts';
import { InsightError } from '../errors.ts';
import { sqlName, sqlText } from '../sql/duckdb.ts';
import type { Engine } from '../sql/duckdb.ts';

export interface LabelTable {
  /** What stands behind `from`. */
  sql: string;
  columns: string[];
}

const readers: Readonly<Record<string, (file: string, textColumn?: string) => string>> = {
  '.csv': csvReader,
  '.tsv': csvReader,
  '.jsonl': jsonReader,
  '.ndjson': jsonReader,
  '.json': jsonReader,
  '.parquet': (file) => `read_parquet(${sqlText(file)})`,
};

/**
 * The file as a table; types come from all of it, and `key`, where there is such a column, is text: no id becomes a number.
 * Error: `labels_unreadable`.
 */
export async function labelTable(engine: Engine, path: string, key: string): Promise<LabelTable> {
  const reader = readers[extname(path).toLowerCase()];
  if (reader === undefined) throw unreadable(path, `it does not end in ${Object.keys(readers).join(', ')}`);
  try {
    const columns = await columnsOf(engine, reader(path));
    const own = columns.find((column) => column === key);
    if (own === undefined) return { sql: reader(path), columns };
    const cast = `cast(${sqlName(own)} as varchar) as ${sqlName(own)}`;
    return { sql: `(select * replace (${cast}) from ${reader(path, own)})`, columns };
  } catch (error) {
    if (error instanceof QueryError && error.code !== 'query_cancelled')
      throw unreadable(path, error.message, error);
    throw error;
  }
}

async function columnsOf(engine: Engine, reader: string): Promise<string[]> {
  const found = await engine.select(`select column_name from (describe from ${reader})`);
  return found.map((row) => String(row['column_name']));
}

function csvReader(file: string, textColumn?: string): string {
  const types = textColumn === undefined ? '' : `, types = {${sqlText(textColumn)}: 'VARCHAR'}`;
  return `read_csv(${sqlText(file)}, header = true, sample_size = -1${types})`;
}

function jsonReader(file: string): string {
  return `read_json(${sqlText(file)}, sample_size = -1, convert_strings_to_integers = false)`;
}

function unreadable(path: string, why: string, cause?: unknown): InsightError {
  return new InsightError('labels_unreadable', `The labels in ${path} cannot be read: ${why}`, {
    cause,
    fix: 'Give a CSV file with a line of names, JSON lines, or Parquet.',
  });
}
