import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExportFormat } from '@gleaner/insight';
import { usageError } from '../../output/failure.ts';
import { wholeNumber } from '../../output/format.ts';
import type { DataOptions } from './data.ts';

/** What commands take that have the data in a cache. */
export interface CacheOptions extends DataOptions {
  cache?: string;
  from?: string;
  to?: string;
}

export interface QueryOptions extends CacheOptions {
  memory?: string;
  /** Of `sql` alone. */
  labels?: string;
}

const exportFormats: readonly ExportFormat[] = ['parquet', 'csv', 'jsonl'];

export interface ExportOptions extends QueryOptions {
  format: ExportFormat;
  to: string;
  until?: string;
}

type Add = (name: string, example: string) => Command;

/** `gleaner data sql | show | export | compact | stats`: what looks into the data of a place as a whole. */
export function registerQueries(add: Add): void {
  withMemory(withCache(add('sql', 'gleaner data sql "select count(*) from model_inputs" gleaner-data')))
    .description('Ask the data with SQL: a view for each collection, and joined.')
    .argument('<query>', 'one SELECT; "show tables" names the views')
    .argument('[place...]', 'folders of the data, or of collections', ['gleaner-data'])
    .option(
      '-n, --limit <rows>',
      'how many at most (default: 100 in a table, all in other formats)',
      wholeNumber,
    )
    .option(
      '--labels <place>',
      'labels that came later: a CSV, JSON lines or Parquet file as the view labels, or a collection',
    )
    .action(async (query: string, places: string[], options: QueryOptions & { limit?: number }) =>
      (await import('./sql.ts')).printQuery({ query, places }, options),
    );

  withCache(add('show', 'gleaner data show 4b8931f4-9a3c-4d55-b0a5-3c0a6d0f3c11 gleaner-data'))
    .description('Show everything that was collected of one request.')
    .argument('<id>', 'correlation id: what the events of the request share')
    .argument('[place]', 'folder of the data', 'gleaner-data')
    .action(async (correlationId: string, place: string, options: CacheOptions) =>
      (await import('./show.ts')).showRequest({ correlationId, place }, options),
    );

  // Where the files go to is `--to`; so the end of the window has another name here.
  withMemory(
    withCache(add('export', 'gleaner data export --format parquet --to exported gleaner-data'), '--until'),
  )
    .description('Write the rows of each collection into one file.')
    .argument('[place]', 'folder of the data, or of a collection', 'gleaner-data')
    .addOption(new Option('--format <format>', 'of the files').choices([...exportFormats]).default('parquet'))
    .requiredOption('--to <place>', 'folder, or a place in a store, for the files')
    .action(async (place: string, options: ExportOptions) =>
      (await import('./export.ts')).exportData(place, options),
    );

  withMemory(withCacheFolder(add('compact', 'gleaner data compact gleaner-data')))
    .description('Write the rows of sealed hours as Parquet beside their lines; queries read it instead.')
    .argument('[place]', 'folder of the data, or of a collection', 'gleaner-data')
    .action(async (place: string, options: QueryOptions) =>
      (await import('./compact.ts')).compactData(place, options),
    );

  withMemory(withCache(add('stats', 'gleaner data stats gleaner-data')))
    .description('Sum up each column: type, nulls, least, most, mean, quartiles.')
    .argument('[place]', 'folder of the data, or of a collection', 'gleaner-data')
    .action(async (place: string, options: QueryOptions) =>
      (await import('./stats.ts')).printStats(place, options),
    );
}

function withCache(command: Command, end = '--to'): Command {
  return withCacheFolder(
    command
      .option('--from <time>', 'first hour, such as 2026-11-23T18 (UTC)')
      .option(`${end} <time>`, 'end of the last hour; an end within an hour takes all of it'),
  );
}

function withCacheFolder(command: Command): Command {
  return command.option('--cache <folder>', 'keeps what stores gave (default: ~/.cache/gleaner/objects)');
}

function withMemory(command: Command): Command {
  return command.option('--memory <size>', 'what a query may use (default: 700MB)', memorySize);
}

function memorySize(text: string): string {
  if (/^\d{1,6}(\.\d+)?\s?[KMG]i?B$/i.test(text)) return text;
  throw usageError(`${JSON.stringify(text)} is not a size of memory.`, 'Write one such as 700MB or 2GB.');
}
