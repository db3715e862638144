import type { Command } from 'commander';

import { addTargetOptions } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

/** `gleaner login`. What a command does is loaded when it runs. */
export function registerLogin(program: Command): void {
  addTargetOptions(program.command('login'))
    .description(
      'Keep a token for a workspace: commands on this account send it from then on. It is asked for, or read from standard input or --token-file.',
    )
    .addHelpText('after', '\nExample:\n  gleaner login --server http://127.0.0.1:5080')
    .action(async (options: Target) => (await import('./log-in.ts')).logIn(options));
  addTargetOptions(program.command('logout'))
    .description('Forget the token for a workspace.')
    .addHelpText('after', '\nExample:\n  gleaner logout --server http://127.0.0.1:5080')
    .action(async (options: Target) => (await import('./log-in.ts')).logOut(options));
}
