import type { Command } from 'commander';
import { addOutputOptions } from '../../output/format.ts';
import type { Format } from '../../output/format.ts';

/** Which workspace a command talks to, and how it prints. */
export interface Target extends Format {
  server?: string;
  tokenFile?: string;
  resourceGroup: string;
  workspaceName: string;
  subscription: string;
  local?: true;
}

const defaultServer = 'http://127.0.0.1:5080';

/** Adds what every command of `gleaner ml` has, as `az ml` calls it. */
export function addTargetOptions(command: Command): Command {
  return addOutputOptions(command)
    .option('--server <url>', `address of the workspace (GLEANER_SERVER; ${defaultServer})`)
    .option('--token-file <file>', 'file with the token (GLEANER_TOKEN; that of gleaner login)')
    .option('-g, --resource-group <name>', 'resource group in the ids', 'local')
    .option('-w, --workspace-name <name>', 'workspace in the ids', 'local')
    .option('--subscription <id>', 'subscription in the ids', '00000000-0000-0000-0000-000000000000');
}

/** `--local`, which is refused with a word of explanation. */
export function addLocalOption(command: Command): Command {
  return command.option('--local', 'refused: everything is local here');
}

/** `--set`, `--add`, `--remove` and `--force-string` of a generic update. */
export function addOverrideOptions(command: Command): Command {
  return command
    .option('--set <assignments...>', 'change a value: a.b=c')
    .option('--add <words...>', 'add to a list: a.list key=value, or JSON')
    .option('--remove <words...>', 'remove a value, or an item of a list: a.list 0')
    .option('--force-string', 'keep values of --set and --add as text');
}

/** Address of the server without a slash at its end. */
export function serverOf({ server }: Target): string {
  return (server ?? process.env['GLEANER_SERVER'] ?? defaultServer).replace(/\/+$/, '');
}

/** The path of the workspace on the server; the beginning of every id. */
export function workspacePath({ subscription, resourceGroup, workspaceName }: Target): string {
  const [id, group, name] = [subscription, resourceGroup, workspaceName].map(encodeURIComponent);
  return `/subscriptions/${id}/resourceGroups/${group}/providers/Microsoft.MachineLearningServices/workspaces/${name}`;
}
