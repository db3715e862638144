import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

export interface NamedIdentity extends Target {
  name: string;
}

export interface NewIdentity extends NamedIdentity {
  location?: string;
  tags?: readonly string[];
}

/** `gleaner identity …`. What a command does is loaded when it runs. */
export function registerIdentity(program: Command): void {
  const group = program
    .command('identity')
    .description('Identities that endpoints can act as.')
    .addHelpText('after', '\nExample:\n  gleaner identity list');
  addTargetOptions(group.command('create'))
    .description('Make a user-assigned identity.')
    .requiredOption('-n, --name <name>', 'its name')
    .option('-l, --location <location>', 'taken for the sake of az')
    .option('--tags <tags...>', 'key=value')
    .addHelpText('after', '\nExample:\n  gleaner identity create -n collector')
    .action(async (options: NewIdentity) => (await import('./identities.ts')).createIdentity(options));
  addTargetOptions(group.command('show'))
    .description('Show an identity.')
    .requiredOption('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner identity show -n collector')
    .action(async (options: NamedIdentity) => (await import('./identities.ts')).showIdentity(options));
  addTargetOptions(group.command('list'))
    .description('List the identities.')
    .addHelpText('after', '\nExample:\n  gleaner identity list')
    .action(async (options: Target) => (await import('./identities.ts')).listIdentities(options));
  addTargetOptions(group.command('delete'))
    .description('Delete an identity, and take its roles away.')
    .requiredOption('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner identity delete -n collector')
    .action(async (options: NamedIdentity) => (await import('./identities.ts')).deleteIdentity(options));
}
