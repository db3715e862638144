import { InsightError } from './errors.ts';
import type { Row } from './rows.ts';

/** One side of a join, and what messages and columns call it. */
export interface JoinSide {
  name: string;
  rows: AsyncIterable<Row>;
}

/**
 * Inner join by row id, in the order of `left`, which is streamed; `right` is held in memory, so let it be the smaller one. An id
 * that is there twice gives every pair. Rows of records without a correlation id take no part: their ids say nothing.
 *
 * The columns of `right` keep their names; a column of `left` that `right` has too is called `<left name>.<column>` (the
 * original refuses to join such data).
 *
 * Errors: `join_column_missing`, `join_empty`, both in the words of the original; `join_column_shared` when even the longer name
 * is taken; and what the sides throw.
 */
export async function* joinRows(left: JoinSide, right: JoinSide): AsyncGenerator<Row> {
  const { byId, columns: taken } = await collect(right);
  let found = false;
  let rows = 0;
  let correlated = 0;
  for await (const row of left.rows) {
    rows++;
    if (row.correlationId !== undefined) correlated++;
    for (const match of byId.get(row.rowId) ?? []) {
      found = true;
      const columns = new Map<string, string>();
      for (const [name, value] of row.columns) columns.set(freeName(name, { side: left.name, taken }), value);
      for (const [name, value] of match.columns) columns.set(name, value);
      yield { ...row, columns };
    }
  }
  if (rows > 0 && correlated === 0) throw columnMissing(left.name);
  if (!found) {
    const message =
      'The data joiner resulted in an empty data asset. Please check the input data to see if this is expected.';
    throw new InsightError('join_empty', message, {
      fix: `No row id of "${left.name}" is in "${right.name}"; both calls have to share one correlation context.`,
    });
  }
}

async function collect({
  name,
  rows,
}: JoinSide): Promise<{ byId: Map<string, Row[]>; columns: Set<string> }> {
  const byId = new Map<string, Row[]>();
  const columns = new Set<string>();
  let seen = 0;
  for await (const row of rows) {
    seen++;
    if (row.correlationId === undefined) continue;
    for (const column of row.columns.keys()) columns.add(column);
    const same = byId.get(row.rowId);
    if (same === undefined) byId.set(row.rowId, [row]);
    else same.push(row);
  }
  if (seen > 0 && byId.size === 0) throw columnMissing(name);
  return { byId, columns };
}

function freeName(column: string, { side, taken }: { side: string; taken: ReadonlySet<string> }): string {
  if (!taken.has(column)) return column;
  const longer = `${side}.${column}`;
  if (!taken.has(longer)) return longer;
  throw new InsightError('join_column_shared', `Both sides have the columns "${column}" and "${longer}".`, {
    fix: 'Rename one of them where it is collected.',
  });
}

function columnMissing(side: string): InsightError {
  const message = `The join column 'correlationid' is not present in ${side}.`;
  return new InsightError('join_column_missing', message, { fix: 'Collect with a correlation context.' });
}
