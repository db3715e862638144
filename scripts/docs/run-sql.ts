// Prints the rows of the queries in a file, values as `duckdb < file` does. The pages' `sql` blocks run with it.
import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

const [file = ''] = process.argv.slice(2);
const queries = (await readFile(file, 'utf8')).split(/;\s*$/m).filter((query) => query.trim() !== '');
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
for (const query of queries) {
  const reader = await connection.runAndReadAll(`select columns(*)::varchar from (${query})`);
  for (const row of [reader.columnNames(), ...(reader.getRowsJson() as string[][])])
    console.log(row.join('  '));
}
connection.closeSync();
instance.closeSync();
