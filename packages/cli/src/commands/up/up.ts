import type { Command } from 'commander';

import { endWithNpx } from '../end-with-npx.ts';

export interface UpOptions {
  data: string;
  listen: string;
  tls?: boolean;
  tlsListen: string;
  tlsCert?: string;
  tlsKey?: string;
  environments?: string;
  subscription: string;
  resourceGroup: string;
  workspaceName: string;
  logLevel: string;
  newOwner?: true;
}

const help = `
Everything lies in the data folder: the catalog, the key that its secrets are
encrypted with, and workspaceblobstore, the folder that collections go to.
GLEANER_DATABASE_URL=postgres://... keeps the catalog in Postgres instead.

The first start prints the token of an owner, once, and keeps it for the
commands of this account; gleaner login is for all others.

With --tls, programs written for Azure ML find the workspace, too; what is
printed tells them where. The certificate for localhost is made once, in the
data folder.

Example:
  gleaner up --data gleaner-data --tls`;

/** `gleaner up`: a workspace on this machine, until Ctrl-C. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('Start a workspace: endpoints and deployments on this machine, with their gateway.')
    .option('--data <folder>', 'where everything lies', 'gleaner-data')
    .option('--listen <address>', 'host and port, on loopback', '127.0.0.1:5080')
    .option('--tls', 'listen with TLS besides')
    .option('--tls-listen <address>', 'host and port of that, on loopback', '127.0.0.1:5443')
    .option('--tls-cert <file>', 'a certificate of your own, in PEM')
    .option('--tls-key <file>', 'its key, in PEM')
    .option('--environments <folder>', 'virtual environments (default: those of all workspaces of this user)')
    .option('--subscription <id>', 'subscription in resource ids', '00000000-0000-0000-0000-000000000000')
    .option('--resource-group <name>', 'resource group in resource ids', 'local')
    .option('--workspace-name <name>', 'workspace in resource ids', 'local')
    .option('--new-owner', 'make one more owner, when the token is lost')
    .option('--log-level <level>', 'debug, info, warn, error', 'warn')
    .addHelpText('after', help)
    .action(async (options: UpOptions) => {
      endWithNpx();
      const { runWorkspace } = await import('./run-workspace.ts');
      process.exitCode = await runWorkspace(options);
    });
}
