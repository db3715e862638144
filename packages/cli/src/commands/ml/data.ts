import type { Command } from 'commander';
import { addAssetCommands } from './asset-options.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';
import { addOverrideOptions, addTargetOptions } from './target.ts';

/** `gleaner ml data …`. What a command does is loaded when it runs. */
export function registerData(ml: Command): void {
  const group = ml
    .command('data')
    .description('Data assets: names for folders and files of datastores.')
    .addHelpText('after', '\nExample:\n  gleaner ml data list');
  const { create, show, list } = addAssetCommands(group, { name: 'data', noun: 'a data asset' });
  create
    .option('--type <type>', 'uri_folder, uri_file or mltable')
    .option('--path <uri>', 'azureml://datastores/<datastore>/paths/<path>')
    .action(async (options: AssetChange) => (await import('./data-asset.ts')).createData(options));
  show.action(async (options: AssetLookup) => (await import('./data-asset.ts')).showData(options));
  list.action(async (options: AssetSearch) => (await import('./data-asset.ts')).listData(options));
  addOverrideOptions(addTargetOptions(group.command('update')))
    .description('Change the description or tags of a data asset.')
    .requiredOption('-n, --name <name>', 'its name')
    .option('-v, --version <version>', 'its version')
    .option('-l, --label <label>', 'latest')
    .addHelpText('after', '\nExample:\n  gleaner ml data update -n iris -v 1 --set tags.owner=me')
    .action(async (options: AssetLookup) => (await import('./data-asset.ts')).updateData(options));
}
