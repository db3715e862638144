import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

/** `gleaner account …`. What a command does is loaded when it runs. */
export function registerAccount(program: Command): void {
  const group = program
    .command('account')
    .description('Who you are in a workspace.')
    .addHelpText('after', '\nExample:\n  gleaner account show');
  addTargetOptions(group.command('show'))
    .description('Show who you are in the workspace, and your roles there.')
    .addHelpText('after', '\nExample:\n  gleaner account show')
    .action(async (options: Target) => (await import('./show-account.ts')).showAccount(options));
}
