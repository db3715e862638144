import type { Command } from 'commander';
import { addAssetCommands } from './asset-options.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';

/** `gleaner ml model …`. What a command does is loaded when it runs. */
export function registerModel(ml: Command): void {
  const group = ml
    .command('model')
    .description('Models: files and folders that deployments load.')
    .addHelpText('after', '\nExample:\n  gleaner ml model list');
  const { create, show, list } = addAssetCommands(group, { name: 'model', noun: 'a model' });
  create
    .option('-t, --type <type>', 'custom_model, mlflow_model or triton_model')
    .option('-p, --path <path>', 'file or folder, or azureml://datastores/<datastore>/paths/<path>')
    .action(async (options: AssetChange) => (await import('./model-asset.ts')).createModel(options));
  show.action(async (options: AssetLookup) => (await import('./model-asset.ts')).showModel(options));
  list.action(async (options: AssetSearch) => (await import('./model-asset.ts')).listModels(options));
}
