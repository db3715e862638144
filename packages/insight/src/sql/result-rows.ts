/** Rows of a result as JSON text: no digit is lost, and JSON that was collected stays what it was. */
import type { DuckDBResult, DuckDBType, DuckDBValue, Json } from '@duckdb/node-api';
import { jsonText } from '@gleaner/protocol';
import { translated } from './duckdb.ts';

/** Each row as one JSON object, its members in the order of the columns. Errors: those of a query. */
export async function* resultRows(result: DuckDBResult, memory: string): AsyncGenerator<string> {
  const { DuckDBTypeId, JsonDuckDBValueConverter } = await import('@duckdb/node-api');
  const { BIGINT, UBIGINT, HUGEINT, UHUGEINT, DECIMAL, FLOAT, DOUBLE, VARCHAR } = DuckDBTypeId;
  const asWritten = new Set([BIGINT, UBIGINT, HUGEINT, UHUGEINT, DECIMAL]);
  const names = result.deduplicatedColumnNames().map((name) => jsonText(name));
  const types = names.map((_, column) => result.columnType(column));
  const cell = (value: DuckDBValue, type: DuckDBType): string => {
    if (value === null) return 'null';
    if (asWritten.has(type.typeId)) return String(value);
    if (type.typeId === FLOAT || type.typeId === DOUBLE) return decimalText(Number(value));
    if (type.typeId === VARCHAR && type.alias === 'JSON') return embedded(String(value));
    const plain: Json = JsonDuckDBValueConverter(value, type, JsonDuckDBValueConverter);
    return typeof plain === 'string' ? jsonText(plain) : JSON.stringify(plain);
  };
  for (;;) {
    const chunk = await translated(memory, () => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) return;
    for (const row of chunk.getRows()) {
      const members = row.map((value, column) => {
        const type = types[column];
        return `${names[column]}:${type === undefined ? 'null' : cell(value, type)}`;
      });
      yield `{${members.join(',')}}`;
    }
  }
}

/** A DOUBLE shows that it is one: `1.0`. */
function decimalText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** On one line, which the JSON of somebody's query need not be. */
function embedded(json: string): string {
  return json.includes('\n') ? JSON.stringify(JSON.parse(json)) : json;
}
