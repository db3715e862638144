import { isDataFile, readRecords } from '@gleaner/insight';
import type { OnFinding, RecordLine } from '@gleaner/insight';
import { collectionOfType } from '@gleaner/protocol';
import { shortened, visible } from '../../output/cells.ts';
import { openFindings } from '../../output/findings.ts';
import { printItems } from '../../output/print.ts';
import { openStdout } from '../../output/stdout.ts';
import { openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import type { DataOptions } from './data.ts';

export async function printHead(path: string, options: DataOptions & { limit: number }): Promise<void> {
  await using data = await openData(path, options);
  using findings = openFindings();
  const records = firstRecords(data, { limit: options.limit, onFinding: findings.onFinding });
  const count =
    options.output === 'jsonl' && options.query === undefined
      ? await printRaw(records)
      : await printItems(records, { json: textOf, columns: recordColumns }, options);
  if (count === 0) process.stderr.write(`No records lie below ${path}.\n`);
}

export const recordColumns: Record<string, (entry: Pick<RecordLine, 'record'>) => string> = {
  TIME: ({ record }) => visible(record.time ?? ''),
  COLLECTION: ({ record }) => visible(collectionOfType(record.type ?? '') ?? record.type ?? ''),
  'CORRELATION ID': ({ record }) => shortened(visible(record.correlationId ?? ''), 36),
  DATA: ({ record }) => {
    const text = record.data === undefined ? (record.dataRef ?? '') : Buffer.from(record.data).toString();
    return shortened(visible(text), Math.max(30, (process.stdout.columns ?? 165) - 85));
  },
};

async function* firstRecords(
  { datastore, prefix, isFile, show }: OpenedData,
  { limit, onFinding }: { limit: number; onFinding: OnFinding },
): AsyncGenerator<RecordLine> {
  let left = limit;
  if (left === 0) return;
  for await (const { path } of datastore.list(prefix)) {
    if (isFile ? path !== prefix : !isDataFile(path)) continue;
    const entries = readRecords(datastore, path, (found) => onFinding({ ...found, file: show(found.file) }));
    for await (const entry of entries) {
      yield entry;
      if (--left === 0) return;
    }
  }
}

/** The lines as they are stored. One that lacks its line feed gets it, so that the next one stays a line. */
async function printRaw(records: AsyncIterable<RecordLine>): Promise<number> {
  const stdout = openStdout();
  let count = 0;
  for await (const { line } of records) {
    count++;
    await stdout.write(line.bytes);
    if (line.bytes.at(-1) !== LINE_FEED) await stdout.write('\n');
  }
  await stdout.end();
  return count;
}

const LINE_FEED = 10;

function textOf({ line }: RecordLine): string {
  return Buffer.from(line.bytes).toString().trim();
}
