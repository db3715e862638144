import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import { registerAssignment } from './assignment.ts';
import type { Target } from '../ml/target.ts';

export interface DefinitionFile extends Target {
  roleDefinition: string;
}

export interface DefinitionFilter extends Target {
  name?: string;
  customRoleOnly?: true;
}

/** `gleaner role …`. What a command does is loaded when it runs. */
export function registerRole(program: Command): void {
  const role = program
    .command('role')
    .description('Roles: what somebody may do, and where.')
    .addHelpText('after', '\nExample:\n  gleaner role assignment list');
  registerAssignment(role);
  const group = role
    .command('definition')
    .description('What roles allow.')
    .addHelpText('after', '\nExample:\n  gleaner role definition list');
  addTargetOptions(group.command('create'))
    .description('Make a role of your own.')
    .requiredOption('--role-definition <file>', 'its JSON: Name, Actions, AssignableScopes…')
    .addHelpText('after', '\nExample:\n  gleaner role definition create --role-definition role.json')
    .action(async (options: DefinitionFile) => (await import('./definitions.ts')).createDefinition(options));
  addTargetOptions(group.command('update'))
    .description('Change a role of your own; it counts wherever it is assigned.')
    .requiredOption('--role-definition <file>', 'its JSON, as create takes it')
    .addHelpText('after', '\nExample:\n  gleaner role definition update --role-definition role.json')
    .action(async (options: DefinitionFile) => (await import('./definitions.ts')).updateDefinition(options));
  addTargetOptions(group.command('list'))
    .description('List the roles.')
    .option('-n, --name <name>', 'only the one of this name')
    .option('--custom-role-only', 'without those that are always there')
    .addHelpText('after', '\nExample:\n  gleaner role definition list -n Reader -o json')
    .action(async (options: DefinitionFilter) => (await import('./definitions.ts')).listDefinitions(options));
  addTargetOptions(group.command('delete'))
    .description('Delete a role of your own that is assigned to nobody.')
    .requiredOption('-n, --name <name>', 'its name or id')
    .addHelpText('after', '\nExample:\n  gleaner role definition delete -n Deployer')
    .action(async (options: Target & { name: string }) =>
      (await import('./definitions.ts')).deleteDefinition(options),
    );
}
