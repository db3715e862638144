import type { Table, Tables } from '@gleaner/insight';
import { printItems } from '../../output/print.ts';
import { interruptible } from './interruptible.ts';
import { hasRows, openPlaces } from './open-tables.ts';
import type { QueryOptions } from './queries.ts';

/** A line for each column of each collection. */
export async function printStats(place: string, options: QueryOptions): Promise<void> {
  await interruptible(async (signal) => {
    await using opened = await openPlaces([place], options, signal);
    const lines: string[] = [];
    for (const table of opened.tables.tables) {
      if (table.source === undefined) continue;
      for await (const line of summary(opened.tables, table)) lines.push(line);
    }
    await printItems(lines, { json: (line) => line }, options);
  });
}

const ownColumns = ['correlationid', 'row_id', 'time'];

function summary(tables: Tables, table: Table): AsyncIterable<string> {
  const { name } = table;
  const collection = `'${name.replaceAll("'", "''")}' as collection`;
  const view = `"${name.replaceAll('"', '""')}"`;
  if (!hasRows(table)) return tables.query(`select ${collection}, count(*) as rows from ${view}`);
  return tables.query(`select ${collection}, column_name as "column", column_type as type, count as rows,
      round((count * null_percentage / 100)::double)::bigint as nulls, approx_unique as "distinct", min as least, max as most,
      round(try_cast(avg as double), 6) as mean, round(try_cast(std as double), 6) as deviation,
      round(try_cast(q25 as double), 6) as q25, round(try_cast(q50 as double), 6) as median, round(try_cast(q75 as double), 6) as q75
    from (summarize select * exclude (${ownColumns.join(', ')}) from ${view})`);
}
