import type { Command } from 'commander';
import { wholeNumber } from '../../output/format.ts';
import { addOverrideOptions, addTargetOptions } from './target.ts';
import type { Overrides } from './overrides.ts';
import type { Target } from './target.ts';

export interface AssetChange extends Target, Overrides {
  file?: string;
  name?: string;
  version?: string;
  type?: string;
  path?: string;
  description?: string;
  image?: string;
  condaFile?: string;
}

export interface AssetLookup extends Target {
  name: string;
  version?: string;
  label?: string;
}

export interface AssetSearch extends Target {
  name?: string;
  maxResults?: number;
}

/** The commands that assets of every kind have, each with its options; what they do is added by the caller. */
export function addAssetCommands(
  group: Command,
  { name, noun }: { name: string; noun: string },
): { create: Command; show: Command; list: Command } {
  const create = addOverrideOptions(addTargetOptions(group.command('create')))
    .description(`Register ${noun}.`)
    .option('-f, --file <file>', 'its YAML')
    .option('-n, --name <name>', 'its name')
    .option('-v, --version <version>', 'its version')
    .option('--description <text>', 'what it is')
    .addHelpText('after', `\nExample:\n  gleaner ml ${name} create -f ${name}.yml`);
  const show = addTargetOptions(group.command('show'))
    .description(`Show ${noun}.`)
    .requiredOption('-n, --name <name>', 'its name')
    .option('-v, --version <version>', 'its version')
    .option('-l, --label <label>', 'latest')
    .addHelpText('after', `\nExample:\n  gleaner ml ${name} show -n iris -v 1`);
  const list = addTargetOptions(group.command('list'))
    .description('List names, or the versions of one.')
    .option('-n, --name <name>', 'list its versions')
    .option('-r, --max-results <count>', 'how many at most', wholeNumber)
    .addHelpText('after', `\nExample:\n  gleaner ml ${name} list`);
  return { create, show, list };
}
