import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

export interface NewAssignment extends Target {
  assignee?: string;
  assigneeObjectId?: string;
  role: string;
  scope: string;
  name?: string;
  description?: string;
}

export interface AssignmentFilter extends Target {
  assignee?: string;
  role?: string;
  scope?: string;
  all?: true;
  includeInherited?: true;
}

export interface AssignmentChoice extends AssignmentFilter {
  ids?: readonly string[];
}

export function registerAssignment(role: Command): void {
  const group = role
    .command('assignment')
    .description('Who has which role, and where.')
    .addHelpText('after', '\nExample:\n  gleaner role assignment list --all');
  addTargetOptions(group.command('create'))
    .description('Give somebody a role at a scope and below it.')
    .option('--assignee <who>', 'name or id of a service principal or identity')
    .option('--assignee-object-id <id>', 'its id')
    .option('--assignee-principal-type <type>', 'taken for the sake of az')
    .requiredOption('--role <role>', 'name or id')
    .requiredOption('--scope <id>', 'resource id; / is everything')
    .option('-n, --name <uuid>', 'of the assignment (default: a new one)')
    .option('--description <text>', 'what it is for')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner role assignment create --assignee ci --role Reader --scope /',
    )
    .action(async (options: NewAssignment) => (await import('./assignments.ts')).createAssignment(options));
  addTargetOptions(group.command('list'))
    .description('List role assignments at a scope.')
    .option('--assignee <who>', 'name or id')
    .option('--role <role>', 'name or id')
    .option('--scope <id>', 'resource id (default: the workspace)')
    .option('--include-inherited', 'those above it, too')
    .option('--all', 'wherever they are')
    .addHelpText('after', '\nExample:\n  gleaner role assignment list --assignee ci --all')
    .action(async (options: AssignmentFilter) => (await import('./assignments.ts')).listAssignments(options));
  addTargetOptions(group.command('delete'))
    .description('Take roles away.')
    .option('--ids <ids...>', 'of the assignments')
    .option('--assignee <who>', 'name or id')
    .option('--role <role>', 'name or id')
    .option('--scope <id>', 'resource id (default: the workspace)')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner role assignment delete --assignee ci --role Reader --scope /',
    )
    .action(async (options: AssignmentChoice) =>
      (await import('./assignments.ts')).deleteAssignments(options),
    );
}
