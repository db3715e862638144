import type { Command } from 'commander';
import { registerData } from './data.ts';
import { registerDatastores } from './datastore.ts';
import { registerDeployment } from './deployment.ts';
import { registerEndpoint } from './endpoint.ts';
import { registerEnvironment } from './environment.ts';
import { registerModel } from './model.ts';
import { registerWorkspace } from './workspace.ts';

/** `gleaner ml …`: what `az ml` does, on the workspace of `gleaner up`. */
export function registerMl(program: Command): void {
  const ml = program
    .command('ml')
    .description('Serve models, with the commands of az ml.')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint create -f endpoint.yml');
  registerEndpoint(ml);
  registerDeployment(ml);
  registerData(ml);
  registerDatastores(ml);
  registerModel(ml);
  registerEnvironment(ml);
  registerWorkspace(ml);
}
