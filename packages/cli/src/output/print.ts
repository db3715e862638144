/** Prints data on standard output in the format that was asked for. */
import { bareValue, cellText, membersOf, shortened, tsvText } from './cells.ts';
import { openQuery } from './format.ts';
import type { Format, OutputFormat } from './format.ts';
import { openStdout } from './stdout.ts';
import { renderTable } from './table.ts';

export interface View<T> {
  /** The item as one line of JSON: what every format but the table shows. */
  json: (item: T) => string;
  /** Heads and texts of the table; by default the members of the JSON. */
  columns?: Record<string, (item: T) => string>;
  /** Members that the table leaves out. */
  hidden?: readonly string[];
}

/**
 * Prints the items and says how many there were. `json` and `jsonl` stream and keep every token as it is; the others need all
 * items at once. A query sees the whole list, or with `jsonl` one item after the other.
 */
export async function printItems<T>(
  items: AsyncIterable<T> | Iterable<T>,
  view: View<T>,
  { output, query: expression }: Format,
): Promise<number> {
  const query = await openQuery(expression);
  if (output === 'jsonl') return printLines(items, (item) => queriedLine(view.json(item), query));
  if (output === 'json' && query === undefined) return printArray(items, view.json);
  const all = await Array.fromAsync(items);
  const texts = all.map(view.json);
  if (query !== undefined)
    await printQueried(query(texts.map((text) => JSON.parse(text) as unknown)), output);
  else if (output === 'table' && view.columns !== undefined) await printColumns(all, view.columns);
  else await printTexts(texts, output, view.hidden);
  return all.length;
}

/** Prints one object; `table` writes what people see of it. */
export async function printObject(
  value: unknown,
  { output, query: expression }: Format,
  table: () => string,
): Promise<void> {
  const query = await openQuery(expression);
  if (query !== undefined) await printQueried(query(value), output);
  else if (output === 'none') return;
  else if (output === 'table') await printText(table());
  else await printQueried(value, output);
}

export async function printText(text: string): Promise<void> {
  const stdout = openStdout();
  await stdout.write(text);
  await stdout.end();
}

const maxCellCharacters = 48;

async function printLines<T>(
  items: AsyncIterable<T> | Iterable<T>,
  line: (item: T) => string,
): Promise<number> {
  const stdout = openStdout();
  let count = 0;
  for await (const item of items) {
    count++;
    await stdout.write(`${line(item)}\n`);
  }
  await stdout.end();
  return count;
}

async function printArray<T>(
  items: AsyncIterable<T> | Iterable<T>,
  json: (item: T) => string,
): Promise<number> {
  const stdout = openStdout();
  let count = 0;
  for await (const item of items) await stdout.write(`${count++ === 0 ? '[' : ','}\n${json(item)}`);
  await stdout.write(count === 0 ? '[]\n' : '\n]\n');
  await stdout.end();
  return count;
}

function queriedLine(json: string, query: ((value: unknown) => unknown) | undefined): string {
  return query === undefined ? json : JSON.stringify(query(JSON.parse(json)) ?? null);
}

async function printColumns<T>(
  items: readonly T[],
  columns: Record<string, (item: T) => string>,
): Promise<void> {
  if (items.length === 0) return;
  const texts = Object.values(columns);
  await printText(
    renderTable(
      Object.keys(columns),
      items.map((item) => texts.map((text) => text(item))),
    ),
  );
}

async function printQueried(value: unknown, output: OutputFormat): Promise<void> {
  if (output === 'none') return;
  if (output === 'json') await printText(`${JSON.stringify(value ?? null, undefined, 2)}\n`);
  else if (output === 'yaml') await printText(await yamlText(JSON.stringify(value ?? null)));
  else {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    await printTexts(
      list.map((one) => JSON.stringify(one ?? null)),
      output,
    );
  }
}

/** JSON texts of items; objects by the members that any of them has. */
async function printTexts(
  texts: readonly string[],
  output: OutputFormat,
  hidden: readonly string[] = [],
): Promise<void> {
  if (output === 'none') return;
  if (output === 'yaml') return printText(await yamlText(`[${texts.join(',')}]`));
  if (output === 'json' || output === 'jsonl') return printText(texts.map((text) => `${text}\n`).join(''));
  const rows = texts.map(membersOf);
  const heads = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  if (output === 'tsv') {
    return printText(
      rows.map((row) => `${heads.map((head) => tsvText(row.get(head))).join('\t')}\n`).join(''),
    );
  }
  if (rows.length === 0) return;
  if (heads.length === 1 && heads[0] === bareValue) {
    return printText(rows.map((row) => `${cellText(row.get(bareValue))}\n`).join(''));
  }
  const shown = heads.filter((head) => !hidden.includes(head));
  const cells = rows.map((row) => shown.map((head) => shortened(cellText(row.get(head)), maxCellCharacters)));
  await printText(renderTable(shown, cells));
}

/** JSON is YAML already; here in block style, with numbers as they were written. */
async function yamlText(json: string): Promise<string> {
  const { parseDocument, visit } = await import('yaml');
  const document = parseDocument(json, { intAsBigInt: true, uniqueKeys: false });
  visit(document, {
    Collection: (_, node) => {
      if (node.items.length > 0) node.flow = false;
    },
    Scalar: (_, node) => {
      if (typeof node.value === 'string') delete node.type;
    },
  });
  return document.toString({ lineWidth: 0 });
}
