/** Ground truth that comes later, and the rows it is about. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { objectMembers } from '@gleaner/protocol';
import { InsightError } from '../errors.ts';
import type { Row } from '../rows.ts';
import { openEngine, sqlName } from '../sql/duckdb.ts';
import { resultRows } from '../sql/result-rows.ts';
import { defaultMemory } from '../sql/tables.ts';
import { labelTable } from './label-file.ts';

/** Labels by what they join on, held in memory. */
export interface Labels {
  /** What messages call them. */
  name: string;
  /** `row_id`, or a column of the rows. */
  on: string;
  byKey: ReadonlyMap<string, readonly ReadonlyMap<string, string>[]>;
  /** Names of the columns that they bring. */
  columns: ReadonlySet<string>;
}

export interface LabelFileOptions {
  /** Default: `row_id`. */
  on?: string;
  signal?: AbortSignal;
}

/**
 * Labels from a CSV, JSON lines or Parquet file of this machine. Errors: `labels_unreadable`, `labels_column_missing`, those of a
 * query.
 */
export async function readLabelFile(
  path: string,
  { on = 'row_id', signal }: LabelFileOptions = {},
): Promise<Labels> {
  const spillFolder = join(tmpdir(), `gleaner-spill-${randomUUID()}`);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(spillFolder, { recursive: true, force: true }));
  const engine = stack.use(await openEngine({ memory: defaultMemory, spillFolder, signal }));
  const { sql, columns } = await labelTable(engine, path, on);
  if (!columns.includes(on)) throw columnMissing(path, on, columns);
  const result = await engine.stream(`select * from ${sql} where ${sqlName(on)} is not null`);
  return collected({ name: path, on }, membersOf(resultRows(result, defaultMemory)));
}

/** Labels that were collected: rows with the correlation ids of what they are about. Errors: those of the rows. */
export async function readLabelRows(
  { name, rows }: { name: string; rows: AsyncIterable<Row> },
  on = 'row_id',
): Promise<Labels> {
  return collected({ name, on }, membersOfRows(rows, on));
}

/**
 * The rows for which there is a label, with its columns behind their own; several labels of one row give as many rows. A column
 * that labels have too is called `<name>.<column>`. `onUnlabelled` is told of each row without a label.
 * Errors: `labels_column_missing`, `join_empty`, and what the rows throw.
 */
export async function* joinLabels(
  { name, rows }: { name: string; rows: AsyncIterable<Row> },
  labels: Labels,
  onUnlabelled: (row: Row) => void = () => {},
): AsyncGenerator<Row> {
  let found = false;
  let hasColumn = labels.on === 'row_id';
  const seen = new Set<string>();
  for await (const row of rows) {
    hasColumn ||= row.columns.has(labels.on);
    if (!hasColumn) for (const column of row.columns.keys()) seen.add(column);
    const key = labels.on === 'row_id' ? row.rowId : keyOf(row.columns.get(labels.on));
    const matches = (key === undefined ? undefined : labels.byKey.get(key)) ?? [];
    if (matches.length === 0) onUnlabelled(row);
    for (const match of matches) {
      found = true;
      const columns = new Map<string, string>();
      for (const [column, value] of row.columns)
        columns.set(labels.columns.has(column) ? `${name}.${column}` : column, value);
      for (const [column, value] of match) columns.set(column, value);
      yield { ...row, columns };
    }
  }
  if (!hasColumn) throw columnMissing(name, labels.on, [...seen]);
  if (!found) {
    const message = `No row of "${name}" has a label in ${labels.name}.`;
    throw new InsightError('join_empty', message, {
      fix: `Compare "${labels.on}" on both sides: "gleaner data rows" shows the ids, <correlation id>_<index>.`,
    });
  }
}

type Members = Map<string, string>;

async function collected(
  { name, on }: { name: string; on: string },
  items: AsyncIterable<Members>,
): Promise<Labels> {
  const byKey = new Map<string, Members[]>();
  const columns = new Set<string>();
  for await (const members of items) {
    const key = keyOf(members.get(on));
    members.delete(on);
    for (const column of members.keys()) columns.add(column);
    if (key === undefined) continue;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [members]);
    else same.push(members);
  }
  return { name, on, byKey, columns };
}

/** The text that two sides have in common, whether it was sent as a text or as a number. */
function keyOf(value: string | undefined): string | undefined {
  if (value === undefined || value === 'null') return undefined;
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

async function* membersOf(texts: AsyncIterable<string>): AsyncGenerator<Members> {
  for await (const text of texts) {
    const bytes = Buffer.from(text);
    const members: Members = new Map();
    for (const { name, start, end } of objectMembers(bytes))
      members.set(name, bytes.subarray(start, end).toString());
    yield members;
  }
}

async function* membersOfRows(rows: AsyncIterable<Row>, on: string): AsyncGenerator<Members> {
  for await (const { rowId, columns } of rows) {
    const members: Members = new Map(columns);
    if (on === 'row_id') members.set('row_id', JSON.stringify(rowId));
    yield members;
  }
}

function columnMissing(side: string, on: string, columns: readonly string[]): InsightError {
  const message = `${side} has no column "${on}"; it has ${columns.join(', ') || 'none'}.`;
  return new InsightError('labels_column_missing', message, {
    fix: 'Name the column that both sides have with --on.',
  });
}
