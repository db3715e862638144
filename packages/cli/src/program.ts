/** The commands of `gleaner`, and how each of them ends: 0, 1 failed, 2 usage. */
import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { registerAccount } from './commands/account/account.ts';
import { registerAd } from './commands/ad/ad.ts';
import { registerCollect } from './commands/collect.ts';
import { registerData } from './commands/data/data.ts';
import { registerDatastore } from './commands/datastore/datastore.ts';
import { registerIdentity } from './commands/identity/identity.ts';
import { registerLogin } from './commands/login/login.ts';
import { registerMl } from './commands/ml/ml.ts';
import { registerRole } from './commands/role/role.ts';
import { registerRun } from './commands/run.ts';
import { registerUp } from './commands/up/up.ts';
import { reportFailure } from './output/failure.ts';

/** Runs one command line and gives its exit code. */
export async function runCli(words: readonly string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? (process.exitCode ?? 0) : 1);
  });
  // Nobody listens: the terminal is closed, or the pipe. What we do goes on.
  process.stderr.on('error', () => undefined);
  try {
    await createProgram().parseAsync([...words], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportFailure(error);
  }
}

/** What a command does is loaded when it runs: what is imported here only says how it is called. */
function createProgram(): Command {
  const program = new Command('gleaner')
    .description('Collects the production data of served models: what went in, what came out.')
    .version(manifest.version)
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  gleaner run -f deployment.yml -- azmlinfsrv --entry_script score.py')
    .showHelpAfterError('(--help says how it is used, with an example)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'gleaner: ')) })
    .exitOverride();
  registerUp(program);
  registerRun(program);
  registerCollect(program);
  registerData(program);
  registerDatastore(program);
  registerMl(program);
  registerLogin(program);
  registerAccount(program);
  registerRole(program);
  registerAd(program);
  registerIdentity(program);
  return program;
}
