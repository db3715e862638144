import { readRows, rowJson, timeWindow } from '@gleaner/insight';
import type { Finding, OnFinding, Row } from '@gleaner/insight';
import { openFindings } from '../../output/findings.ts';
import { printItems } from '../../output/print.ts';
import type { RowsOptions } from './data.ts';
import { openCollection } from './open-data.ts';
import type { OpenedCollection } from './open-data.ts';

export async function printRows(address: string, options: RowsOptions): Promise<void> {
  await using collection = await openCollection(address, options);
  using findings = openFindings();
  await printLimited(rowsOf(collection, options, findings.onFinding), options);
}

export function rowsOf(
  { datastore, collection, window, show }: OpenedCollection,
  options: RowsOptions,
  onFinding: OnFinding,
): AsyncGenerator<Row> {
  return readRows(datastore, collection, {
    window: options.from === undefined && options.to === undefined ? window : timeWindow(options),
    onFinding: (found: Finding) => onFinding({ ...found, file: show(found.file) }),
  });
}

const tableRows = 10;

/** A table shows the first rows and says that there are more; the other formats print all. */
export async function printLimited(rows: AsyncIterable<Row>, options: RowsOptions): Promise<void> {
  const limit =
    options.limit ?? (options.output === 'table' && options.query === undefined ? tableRows : Infinity);
  let more = false;
  const limited = async function* (): AsyncGenerator<Row> {
    let count = 0;
    for await (const row of rows) {
      more = ++count > limit;
      if (more) return;
      yield row;
    }
  };
  await printItems(limited(), { json: rowJson, hidden: ['correlationid', 'time'] }, options);
  if (more && options.limit === undefined) {
    process.stderr.write(`The first ${limit} rows; more with -n, all with -o jsonl.\n`);
  }
}
