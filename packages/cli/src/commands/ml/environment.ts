import type { Command } from 'commander';
import { addAssetCommands } from './asset-options.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';

/** `gleaner ml environment …`. What a command does is loaded when it runs. */
export function registerEnvironment(ml: Command): void {
  const group = ml
    .command('environment')
    .description('Environments: the packages or the program of deployments.')
    .addHelpText('after', '\nExample:\n  gleaner ml environment list');
  const { create, show, list } = addAssetCommands(group, { name: 'environment', noun: 'an environment' });
  create
    .option('-i, --image <image>', 'accepted for the sake of files; no images are run')
    .option('-c, --conda-file <file>', 'conda file')
    .action(async (options: AssetChange) =>
      (await import('./environment-asset.ts')).createEnvironment(options),
    );
  show.action(async (options: AssetLookup) =>
    (await import('./environment-asset.ts')).showEnvironment(options),
  );
  list.action(async (options: AssetSearch) =>
    (await import('./environment-asset.ts')).listEnvironments(options),
  );
}
