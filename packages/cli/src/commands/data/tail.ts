import { followRecords, lastRecords, tailFiles } from '@gleaner/insight';
import type { Finding, TailRecord } from '@gleaner/insight';
import { usageError } from '../../output/failure.ts';
import { findingText } from '../../output/findings.ts';
import { openQuery } from '../../output/format.ts';
import { printItems } from '../../output/print.ts';
import { openStdout } from '../../output/stdout.ts';
import { recordColumns } from './head.ts';
import { openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import type { DataOptions } from './data.ts';

export type TailOptions = DataOptions & { limit: number; follow?: true };

/** With `--follow` it ends at Ctrl-C alone, with exit code 130. */
export async function printTail(path: string, options: TailOptions): Promise<void> {
  const line = options.follow ? await followedLine(options) : undefined;
  await using data = await openData(path, options);
  const onFinding = (found: Finding) =>
    void process.stderr.write(findingText({ ...found, file: data.show(found.file) }, process.stderr));
  const seen = await tailFiles(data.datastore, data);
  const last = await lastRecords(data.datastore, seen, { limit: options.limit, onFinding });
  if (line !== undefined) return follow(data, { last, seen, line, onFinding });
  if (options.output === 'jsonl' && options.query === undefined) await printAll(last.map(rawLine));
  else await printItems(last, { json: textOf, columns: recordColumns }, options);
  if (last.length === 0 && options.limit > 0) process.stderr.write(`No records lie below ${path}.\n`);
}

interface Following {
  last: readonly TailRecord[];
  seen: Awaited<ReturnType<typeof tailFiles>>;
  line: (entry: TailRecord) => string | Uint8Array;
  onFinding: (found: Finding) => void;
}

/** As shells count a program that Ctrl-C has ended. */
const interruptedExitCode = 130;

async function follow(data: OpenedData, { last, seen, line, onFinding }: Following): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  try {
    await printAll(last.map(line));
    const records = followRecords(data.datastore, data, {
      seen,
      signal: controller.signal,
      onFinding,
      onTrouble: ({ message }) => void process.stderr.write(`gleaner: ${message} Trying again.\n`),
    });
    for await (const entry of records) await printAll([line(entry)]);
    process.exitCode = interruptedExitCode;
  } finally {
    process.off('SIGINT', stop);
  }
}

async function printAll(pieces: readonly (string | Uint8Array)[]): Promise<void> {
  const stdout = openStdout();
  for (const piece of pieces) await stdout.write(piece);
  await stdout.end();
}

/** How a record is printed while more are to come. Error: `usage_invalid` for a format that needs all of them. */
async function followedLine({ output, query }: TailOptions): Promise<Following['line']> {
  if (output === 'table' && query === undefined) return tableLine;
  if (output !== 'jsonl') {
    throw usageError(
      `With --follow there is no end, which -o ${output}${query === undefined ? '' : ' with --query'} would need.`,
      'Take -o jsonl.',
    );
  }
  const ask = await openQuery(query);
  if (ask === undefined) return rawLine;
  return (entry) => `${JSON.stringify(ask(JSON.parse(textOf(entry))) ?? null)}\n`;
}

const widths: Record<string, number> = { TIME: 20, COLLECTION: 16, 'CORRELATION ID': 36, DATA: 0 };

/** Columns of a width that is known before the records are. */
function tableLine(entry: TailRecord): string {
  const cells = Object.entries(recordColumns).map(([head, text]) => text(entry).padEnd(widths[head] ?? 0));
  return `${cells.join('  ').trimEnd()}\n`;
}

/** The line as it is stored. One that lacks its line feed gets it, so that the next one stays a line. */
function rawLine({ bytes }: TailRecord): Uint8Array {
  return bytes.at(-1) === LINE_FEED ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
}

const LINE_FEED = 10;

function textOf({ bytes }: TailRecord): string {
  return Buffer.from(bytes).toString().trim();
}
