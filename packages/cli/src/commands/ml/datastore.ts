import type { Command } from 'commander';
import type { Overrides } from './overrides.ts';
import { addOverrideOptions, addTargetOptions } from './target.ts';
import type { Target } from './target.ts';

/** `gleaner ml datastore …`. What a command does is loaded when it runs. */
export function registerDatastores(ml: Command): void {
  const group = ml
    .command('datastore')
    .description('Datastores: where data lies.')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore list');
  addOverrideOptions(addTargetOptions(group.command('create')))
    .description('Make a datastore known; secrets are stored encrypted and never shown.')
    .requiredOption('-f, --file <file>', 'datastore YAML')
    .option('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore create -f datastore.yml')
    .action(async (options: DatastoreChange) =>
      (await import('./datastore-change.ts')).createDatastore(options),
    );
  addOverrideOptions(addTargetOptions(group.command('update')))
    .description('Change a datastore; secrets that are not given stay.')
    .option('-f, --file <file>', 'datastore YAML')
    .option('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore update -n archive --set description=old')
    .action(async (options: DatastoreChange) =>
      (await import('./datastore-change.ts')).updateDatastore(options),
    );
  addTargetOptions(group.command('show'))
    .description('Show a datastore, without its secrets.')
    .requiredOption('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore show -n workspaceblobstore')
    .action(async (options: NamedDatastore) => (await import('./datastore-show.ts')).showDatastore(options));
  addTargetOptions(group.command('list'))
    .description('List the datastores.')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore list')
    .action(async (options: Target) => (await import('./datastore-show.ts')).listDatastores(options));
  addTargetOptions(group.command('delete'))
    .description('Forget a datastore; what lies in it stays.')
    .requiredOption('-n, --name <name>', 'its name')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  gleaner ml datastore delete -n archive --yes')
    .action(async (options: NamedDatastore & { yes?: true }) =>
      (await import('./datastore-show.ts')).deleteDatastore(options),
    );
}

export interface NamedDatastore extends Target {
  name: string;
}

export interface DatastoreChange extends Target, Overrides {
  file?: string;
  name?: string;
}
