import type { Command } from 'commander';
import { addTargetOptions } from './target.ts';
import type { Target } from './target.ts';

/** `gleaner ml workspace …`. What a command does is loaded when it runs. */
export function registerWorkspace(ml: Command): void {
  const group = ml
    .command('workspace')
    .description('The workspace of gleaner up.')
    .addHelpText('after', '\nExample:\n  gleaner ml workspace show');
  addTargetOptions(group.command('show'))
    .description('Show the workspace.')
    .option('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner ml workspace show')
    .action(async (options: Target & { name?: string }) =>
      (await import('./workspace-show.ts')).showWorkspace(options),
    );
  addTargetOptions(group.command('list'))
    .description('List the workspaces.')
    .addHelpText('after', '\nExample:\n  gleaner ml workspace list')
    .action(async (options: Target) => (await import('./workspace-show.ts')).listWorkspaces(options));
}
