import type { Command } from 'commander';

import { addOutputOptions } from '../../output/format.ts';
import type { Format } from '../../output/format.ts';

/** `gleaner datastore …`. What a command does is loaded when it runs. */
export function registerDatastore(program: Command): void {
  const datastore = program
    .command('datastore')
    .description('Look whether a datastore can be collected into.')
    .addHelpText('after', '\nExample:\n  gleaner datastore check -f datastore.yml');

  addOutputOptions(datastore.command('check'))
    .description('Write, read and remove a small object, and tell what each step takes.')
    .requiredOption('-f, --file <file>', 'datastore or collector YAML')
    .option('-n, --name <name>', 'the datastore, where the file names several')
    .option('--path <path>', 'folder in it to look at', '')
    .option('--client-id <id>', 'the identity that writes (client_id of a collection)')
    .addHelpText('after', '\nExample:\n  gleaner datastore check -f datastore.yml')
    .action(async (options: CheckOptions) => (await import('./check.ts')).checkDatastore(options));
}

export interface CheckOptions extends Format {
  file: string;
  name?: string;
  path: string;
  clientId?: string;
}
