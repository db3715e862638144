/** What kinds of values a column holds, and the type that holds them all. */

export const valueKinds = ['whole', 'long', 'decimal', 'boolean', 'text', 'nested'] as const;

/** `long`: a whole number beyond 64 bits with a sign. `null` is of no kind. */
export type ValueKind = (typeof valueKinds)[number];

export type ColumnType = 'BIGINT' | 'HUGEINT' | 'DOUBLE' | 'BOOLEAN' | 'VARCHAR' | 'JSON';

/**
 * As the original types a window (fixtures `reader`): whole and decimal numbers are one DOUBLE, whatever is mixed with something
 * else is text in which numbers and objects keep their JSON, and so is what is always null. What is always nested is JSON text.
 */
export function columnType(kinds: ReadonlySet<ValueKind>): ColumnType {
  const all = (...some: ValueKind[]) => kinds.isSubsetOf(new Set(some));
  if (kinds.size === 0) return 'VARCHAR';
  if (all('whole')) return 'BIGINT';
  if (all('whole', 'long')) return 'HUGEINT';
  if (all('whole', 'long', 'decimal')) return 'DOUBLE';
  if (all('boolean')) return 'BOOLEAN';
  if (all('nested')) return 'JSON';
  return 'VARCHAR';
}

/** A column of one file. */
export interface ColumnKinds {
  name: string;
  kinds: ValueKind[];
}

/** A column of all files. */
export interface Column {
  name: string;
  type: ColumnType;
}

/** The columns of many files together, in the order in which they were first seen. */
export function mergeColumns(files: Iterable<readonly ColumnKinds[]>): Column[] {
  const merged = new Map<string, Set<ValueKind>>();
  for (const columns of files) {
    for (const { name, kinds } of columns) {
      merged.set(name, (merged.get(name) ?? new Set()).union(new Set(kinds)));
    }
  }
  return Array.from(merged, ([name, kinds]) => ({ name, type: columnType(kinds) }));
}
