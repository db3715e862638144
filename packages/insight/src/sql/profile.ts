/** What is in a file of record lines: every line is looked at, as a sample would round what it has not seen. */
import { columnName } from '../rows.ts';
import type { ColumnKinds, ValueKind } from './column-types.ts';
import { sqlText } from './duckdb.ts';
import type { Engine } from './duckdb.ts';

export interface FileProfile {
  /** Lines that are not blank. */
  lines: number;
  /** Lines that are no record with a correlation id and an array of row objects in them. */
  irregular: number;
  /** Every time is one, in UTC. */
  plainTimes: boolean;
  columns: ColumnKinds[];
}

/** Longer lines cannot be read by DuckDB; the collector makes none of over 4 MiB. */
export const maxLineBytes = 16 * 1024 * 1024;

/** The files have to hold a byte. What cannot be profiled at all, because a line is too long, is left out. */
export async function profileFiles(
  engine: Engine,
  paths: readonly string[],
): Promise<Map<string, FileProfile>> {
  if (paths.length === 0) return new Map();
  try {
    return await profileTogether(engine, paths);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    if (paths.length === 1) return new Map();
    const middle = paths.length >> 1;
    const first = await profileFiles(engine, paths.slice(0, middle));
    return new Map([...first, ...(await profileFiles(engine, paths.slice(middle)))]);
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'query_failed';
}

async function profileTogether(engine: Engine, paths: readonly string[]): Promise<Map<string, FileProfile>> {
  const profiles = new Map<string, FileProfile>();
  const order = new Map<string, Map<string, ColumnKinds>>();
  const lines = `from read_json([${paths.map(sqlText).join(', ')}], format = 'newline_delimited', filename = true,
    ignore_errors = true, maximum_object_size = ${maxLineBytes},
    columns = {correlationid: 'JSON', time: 'VARCHAR', data: 'MAP(VARCHAR, JSON)[]'})`;
  for (const row of await engine.select(`select filename, count(*)::double as lines,
      count(*) filter (correlationid is null or not starts_with(correlationid::varchar, '"') or data is null or list_count(data) <> len(data))::double
        as irregular,
      coalesce(bool_and(ends_with(time, 'Z') and try_cast(time as timestamp) is not null), true) as times,
      first(map_keys(data[1])) filter (data[1] is not null) as names ${lines} group by filename`)) {
    const path = String(row['filename']);
    const names = Array.isArray(row['names']) ? row['names'].map(String) : [];
    const columns = new Map(names.map((name) => [name, { name, kinds: [] as ValueKind[] }]));
    order.set(path, columns);
    profiles.set(path, {
      lines: Number(row['lines']),
      irregular: Number(row['irregular']),
      plainTimes: row['times'] === true,
      columns: [],
    });
  }
  for (const row of await engine.select(`select filename, entry.key as name, json_type(entry.value) as kind,
      bool_or(case when length(entry.value) > 18 then try_cast(entry.value as ubigint) > 9223372036854775807 else false end) as long
      from (select filename, unnest(map_entries(row)) as entry from (select filename, unnest(data) as row ${lines}))
      group by all order by all`)) {
    const columns = order.get(String(row['filename']));
    const name = String(row['name']);
    const known = columns?.get(name) ?? { name, kinds: [] };
    columns?.set(name, known);
    const kind = row['kind'] === 'UBIGINT' && row['long'] === true ? 'long' : kindOf(row['kind']);
    if (kind !== undefined && !known.kinds.includes(kind)) known.kinds.push(kind);
  }
  for (const [path, profile] of profiles) profile.columns = [...(order.get(path)?.values() ?? [])];
  return profiles;
}

function kindOf(jsonType: unknown): ValueKind | undefined {
  switch (jsonType) {
    case 'UBIGINT':
    case 'BIGINT':
      return 'whole';
    case 'DOUBLE':
    case 'HUGEINT':
      return 'decimal';
    case 'BOOLEAN':
      return 'boolean';
    case 'VARCHAR':
      return 'text';
    case 'OBJECT':
    case 'ARRAY':
      return 'nested';
    default:
      return undefined;
  }
}

/** The names that columns have in a view: none twice, also where case does not count. */
export function viewNames(names: readonly string[], taken: Iterable<string> = []): string[] {
  const used = new Set(Array.from(taken, (name) => name.toLowerCase()));
  return names.map((name) => {
    const wanted = columnName(name) || 'column';
    let free = wanted;
    for (let n = 2; used.has(free.toLowerCase()); n++) free = `${wanted}_${n}`;
    used.add(free.toLowerCase());
    return free;
  });
}
