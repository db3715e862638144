import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

export interface NewServicePrincipal extends Target {
  displayName: string;
  role?: string;
  scopes?: readonly string[];
  years?: string;
}

export interface NamedServicePrincipal extends Target {
  id: string;
}

/** `gleaner ad sp …`. What a command does is loaded when it runs. */
export function registerAd(program: Command): void {
  const ad = program
    .command('ad')
    .description('Who can be given roles.')
    .addHelpText('after', '\nExample:\n  gleaner ad sp list');
  const sp = ad
    .command('sp')
    .description('Service principals: programs and people, each with an API key.')
    .addHelpText('after', '\nExample:\n  gleaner ad sp create -n ci');
  addTargetOptions(sp.command('create').alias('create-for-rbac'))
    .description('Make a service principal, and print its key, this once.')
    .requiredOption('-n, --display-name <name>', 'what it is called')
    .option('--role <role>', 'a role to give it, by name or id')
    .option('--scopes <ids...>', 'where: resource ids (default: the workspace)')
    .option('--years <count>', 'how long the key is good (default: for ever)')
    .addHelpText('after', '\nExample:\n  gleaner ad sp create -n ci --role Contributor --years 1')
    .action(async (options: NewServicePrincipal) =>
      (await import('./service-principals.ts')).createServicePrincipal(options),
    );
  addTargetOptions(sp.command('list'))
    .description('List the service principals, and the identities of resources.')
    .addHelpText('after', '\nExample:\n  gleaner ad sp list')
    .action(async (options: Target) =>
      (await import('./service-principals.ts')).listServicePrincipals(options),
    );
  addTargetOptions(sp.command('show'))
    .description('Show a service principal.')
    .requiredOption('--id <id>', 'its id or name')
    .addHelpText('after', '\nExample:\n  gleaner ad sp show --id ci')
    .action(async (options: NamedServicePrincipal) =>
      (await import('./service-principals.ts')).showServicePrincipal(options),
    );
  addTargetOptions(sp.command('delete'))
    .description('Delete a service principal: its keys and roles are gone at once.')
    .requiredOption('--id <id>', 'its id or name')
    .addHelpText('after', '\nExample:\n  gleaner ad sp delete --id ci')
    .action(async (options: NamedServicePrincipal) =>
      (await import('./service-principals.ts')).deleteServicePrincipal(options),
    );
  const credential = sp
    .command('credential')
    .description('The keys of service principals.')
    .addHelpText('after', '\nExample:\n  gleaner ad sp credential reset --id ci');
  addTargetOptions(credential.command('reset'))
    .description('Give a service principal a new key; those before it are good no more.')
    .requiredOption('--id <id>', 'its id or name')
    .option('--append', 'keep those before it')
    .option('--years <count>', 'how long it is good (default: for ever)')
    .addHelpText('after', '\nExample:\n  gleaner ad sp credential reset --id ci')
    .action(async (options: NamedServicePrincipal & { append?: true; years?: string }) =>
      (await import('./service-principals.ts')).resetCredential(options),
    );
}
