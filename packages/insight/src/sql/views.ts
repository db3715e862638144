/** SQL text: the view of a collection, and the one that joins two of them. */
import { mergeColumns } from './column-types.ts';
import type { Column, ColumnType } from './column-types.ts';
import { sqlName, sqlText } from './duckdb.ts';
import { rowIdKey } from './plain-rows.ts';
import { maxLineBytes, viewNames } from './profile.ts';
import type { TableFile } from './table-files.ts';

export interface ViewColumn {
  name: string;
  type: ColumnType | 'TIMESTAMP';
}

export interface View {
  /** What queries call it. */
  name: string;
  /** `row_id`, `correlationid` and `time` first. */
  columns: ViewColumn[];
  sql: string;
}

/** The rows of a collection. */
export function collectionView(name: string, allFiles: readonly TableFile[]): View {
  const files = allFiles.filter(({ form }) => form !== 'parquet');
  const rowFiles = allFiles.filter(({ form }) => form === 'parquet');
  const columns = mergeColumns(allFiles.map(({ profile }) => profile.columns));
  const names = viewNames(columns.map((column) => column.name));
  const timeType = allFiles.every(({ profile }) => profile.plainTimes) ? 'TIMESTAMP' : 'VARCHAR';
  const hasRowIds = files.some(({ form }) => form === 'rows');
  const asMap = needsMap(columns);
  const place = "correlationid || '_' || (place - 1)";
  const rowId = hasRowIds ? `coalesce(${rowIdKey}, ${place})` : place;
  const cells = columns.map(
    (column, index) => `${asMap ? mapCell(column) : structCell(column)} as ${sqlName(names[index] ?? '')}`,
  );
  const fields: [string, string][] = [
    ['correlationid', 'VARCHAR'],
    ['time', timeType],
    ['data', asMap ? 'MAP(VARCHAR, JSON)[]' : `STRUCT(${columns.map(structField).join(', ')})[]`],
    ...(hasRowIds ? [[rowIdKey, 'VARCHAR'] as [string, string]] : []),
  ];
  const read = `read_json([${files.map(({ path }) => sqlText(path)).join(', ')}], format = 'newline_delimited',
    ${hasRowIds ? 'ignore_errors = true, ' : ''}maximum_object_size = ${maxLineBytes},
    columns = {${fields.map(([field, type]) => `${field}: ${sqlText(type)}`).join(', ')}})`;
  const inner =
    files.length === 0
      ? emptyRows(timeType)
      : `select *, generate_subscripts(data, 1) as place, unnest(data) as r from ${read}`;
  const own: ViewColumn[] = [
    { name: 'correlationid', type: 'VARCHAR' },
    { name: 'row_id', type: 'VARCHAR' },
    { name: 'time', type: timeType },
  ];
  const selects: string[] = [];
  if (files.length > 0 || rowFiles.length === 0)
    selects.push(
      `select ${['correlationid', `${rowId} as row_id`, 'time', ...cells].join(', ')} from (${inner})`,
    );
  if (rowFiles.length > 0) selects.push(parquetRows(rowFiles, { columns, names }));
  return {
    name,
    columns: [...own, ...columns.map(({ type }, index) => ({ name: names[index] ?? '', type }))],
    sql: `create view ${sqlName(name)} as ${selects.join(' union all ')}`,
  };
}

/** Row files have the columns that they have by the names and types of the view. */
function parquetRows(
  files: readonly TableFile[],
  { columns, names }: { columns: readonly Column[]; names: readonly string[] },
): string {
  const there = new Set(files.flatMap(({ profile }) => profile.columns.map(({ name }) => name)));
  const cells = columns.map(({ name, type }, index) => {
    const called = sqlName(names[index] ?? '');
    return there.has(name) ? `cast(${called} as ${type}) as ${called}` : `null::${type} as ${called}`;
  });
  const paths = files.map(({ path }) => sqlText(path)).join(', ');
  return `select ${['correlationid', 'row_id', 'time', ...cells].join(', ')} from read_parquet([${paths}], union_by_name = true)`;
}

/** Inputs with their outputs, by row id; a column that both have is `<name of the inputs>.<column>` on their side. */
export function joinedView(name: string, inputs: View, outputs: View): View {
  const shared = new Set(outputs.columns.map((column) => column.name.toLowerCase()));
  const left = inputs.columns.slice(ownColumns).map(({ name: own, type }) => ({
    own,
    type,
    name: shared.has(own.toLowerCase()) ? `${inputs.name}.${own}` : own,
  }));
  const right = outputs.columns.slice(ownColumns);
  const cells = [
    'i.correlationid',
    'i.row_id',
    'i.time',
    ...left.map((column) => `i.${sqlName(column.own)} as ${sqlName(column.name)}`),
    ...right.map((column) => `o.${sqlName(column.name)}`),
  ];
  return {
    name,
    columns: [
      ...inputs.columns.slice(0, ownColumns),
      ...left.map((column) => ({ name: column.name, type: column.type })),
      ...right,
    ],
    sql: `create view ${sqlName(name)} as select ${cells.join(', ')} from ${sqlName(inputs.name)} as i
      join ${sqlName(outputs.name)} as o on i.row_id = o.row_id and i.correlationid is not null and o.correlationid is not null`,
  };
}

const ownColumns = 3;

/** The members of a STRUCT differ in more than case, and have a name. */
function needsMap(columns: readonly Column[]): boolean {
  const names = columns.map(({ name }) => name.toLowerCase());
  return columns.length === 0 || names.includes('') || new Set(names).size < names.length;
}

function structField({ name, type }: Column): string {
  return `${sqlName(name)} ${type}`;
}

function structCell({ name }: Column): string {
  return `r.${sqlName(name)}`;
}

function mapCell({ name, type }: Column): string {
  const value = `r[${sqlText(name)}]`;
  if (type === 'JSON') return value;
  return type === 'VARCHAR' ? `${value} ->> '$'` : `cast(${value} as ${type})`;
}

function emptyRows(timeType: string): string {
  return `select null::varchar as correlationid, null::${timeType} as time, null::varchar as ${rowIdKey}, 1 as place,
    map()::map(varchar, json) as r where false`;
}
