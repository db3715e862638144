import type { Command } from 'commander';
import { addOutputOptions, wholeNumber } from '../../output/format.ts';
import type { Format } from '../../output/format.ts';
import type { StoreFile } from './opened-data.ts';
import { registerQueries } from './queries.ts';

const help = `
A place is a folder; or a data asset (azureml:<name>:<version>) or
<endpoint>/<deployment>/<collection> of a workspace (GLEANER_SERVER); or a
place in a store, by s3://, gs:// or https:// URL, or by azureml:// path, whose
datastore the workspace names, or the file of -f.

Example:
  gleaner data verify gleaner-data`;

/** `gleaner data …`: looks at what was collected. What a command does is loaded when it runs. */
export function registerData(program: Command): void {
  const data = program
    .command('data')
    .description('Look at collected data, and prove that nothing is missing.')
    .addHelpText('after', help);

  add(data, 'ls', 'gleaner data ls gleaner-data --tree')
    .description('List the collections below a folder.')
    .argument('[folder]', 'folder of the data', 'gleaner-data')
    .option('--tree', 'show the files as a tree')
    .action(async (folder: string, options: DataOptions & { tree?: true }) =>
      (await import('./ls.ts')).listData(folder, options),
    );

  add(data, 'head', 'gleaner data head gleaner-data -n 3 -o jsonl')
    .description('Print the first records; with -o jsonl, the lines byte for byte.')
    .argument('[path]', 'folder of the data or of a collection, or a file', 'gleaner-data')
    .option('-n, --limit <records>', 'how many at most', wholeNumber, 10)
    .action(async (path: string, options: DataOptions & { limit: number }) =>
      (await import('./head.ts')).printHead(path, options),
    );

  addOutputOptions(data.command('tail'))
    .description('Print the last records; with -f, and all that come from now on, until Ctrl-C.')
    .argument('[path]', 'folder of the data or of a collection, or a file', 'gleaner-data')
    .option('-n, --limit <records>', 'how many of the last', wholeNumber, 10)
    .option('-f, --follow', 'go on with what is stored from now on')
    .option('--file <file>', fileHelp)
    .addHelpText('after', '\nExample:\n  gleaner data tail -f iris/blue/model_inputs')
    .action(async (path: string, options: DataOptions & { limit: number; follow?: true }) =>
      (await import('./tail.ts')).printTail(path, options),
    );

  withWindow(add(data, 'rows', 'gleaner data rows iris/blue/model_inputs --from 2026-11-23T18 -o jsonl'))
    .description('Print the rows of a collection, each with its id.')
    .argument('<collection>', 'folder of the collection')
    .action(async (collection: string, options: RowsOptions) =>
      (await import('./rows.ts')).printRows(collection, options),
    );

  withWindow(add(data, 'join', 'gleaner data join iris/blue/model_inputs iris/blue/model_outputs'))
    .description('Join the rows of two collections by their ids.')
    .argument('<inputs>', 'folder of a collection; its rows give the order')
    .argument('<outputs>', 'folder of another collection, which is held in memory')
    .option('--labels <place>', 'labels that came later: a CSV, JSON lines or Parquet file, or a collection')
    .option('--on <column>', 'what labels join on: row_id, or a column that both have', 'row_id')
    .action(async (inputs: string, outputs: string, options: JoinOptions) =>
      (await import('./join.ts')).printJoin({ inputs, outputs }, options),
    );

  add(data, 'verify', 'gleaner data verify gleaner-data')
    .description('Hold all lines against the manifests: is anything missing, changed, or there twice?')
    .argument('[folder]', 'folder of the data', 'gleaner-data')
    .option('--deep', 'read bodies beside the lines too, and check that each line is where it belongs')
    .action(async (folder: string, options: DataOptions & { deep?: true }) =>
      (await import('./verify.ts')).verifyData(folder, options),
    );

  registerQueries((name, example) => add(data, name, example));
}

/** What every one of them takes. */
export interface DataOptions extends Format, StoreFile {}

/** What `rows` and `join` take. */
export interface RowsOptions extends DataOptions {
  from?: string;
  to?: string;
  limit?: number;
}

export interface JoinOptions extends RowsOptions {
  labels?: string;
  on: string;
}

const fileHelp = 'YAML that names datastores, for azureml:// and their URLs';

function add(data: Command, name: string, example: string): Command {
  return addOutputOptions(data.command(name).option('-f, --file <file>', fileHelp)).addHelpText(
    'after',
    `\nExample:\n  ${example}`,
  );
}

function withWindow(command: Command): Command {
  return command
    .option('--from <time>', 'first hour, such as 2026-11-23T18 (UTC)')
    .option('--to <time>', 'end of the last hour; an end within an hour takes all of it')
    .option(
      '-n, --limit <rows>',
      'how many at most (default: 10 in a table, all in other formats)',
      wholeNumber,
    );
}
