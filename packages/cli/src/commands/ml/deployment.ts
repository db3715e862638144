import { Option } from 'commander';
import type { Command } from 'commander';
import { wholeNumber } from '../../output/format.ts';
import type { Deletion } from './endpoint.ts';
import type { Overrides } from './overrides.ts';
import { addLocalOption, addOverrideOptions, addTargetOptions } from './target.ts';
import type { Target } from './target.ts';

/** `gleaner ml online-deployment …`. What a command does is loaded when it runs. */
export function registerDeployment(ml: Command): void {
  const group = ml
    .command('online-deployment')
    .description('Deployments: models that run behind an endpoint.')
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment list -e iris');
  const command = (name: string, description: string) =>
    addLocalOption(addTargetOptions(group.command(name))).description(description);
  const named = (name: string, description: string) =>
    command(name, description)
      .requiredOption('-e, --endpoint-name <name>', 'its endpoint')
      .requiredOption('-n, --name <name>', 'its name');

  addOverrideOptions(command('create', 'Make a deployment, or replace it without dropping a request.'))
    .requiredOption('-f, --file <file>', 'deployment YAML')
    .option('-e, --endpoint-name <name>', 'its endpoint')
    .option('-n, --name <name>', 'its name')
    .option('--all-traffic', 'send all traffic of the endpoint to it when it is ready')
    .option('--skip-script-validation', 'accepted and ignored')
    .option('--no-wait', 'do not wait until it is ready')
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment create -f deployment.yml --all-traffic')
    .action(async (options: DeploymentChange) =>
      (await import('./deployment-create.ts')).createDeployment(options),
    );

  addOverrideOptions(command('update', 'Change a deployment without dropping a request.'))
    .option('-f, --file <file>', 'deployment YAML')
    .option('-e, --endpoint-name <name>', 'its endpoint')
    .option('-n, --name <name>', 'its name')
    .option('--skip-script-validation', 'accepted and ignored')
    .option('--no-wait', 'do not wait until it is changed')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner ml online-deployment update -e iris -n blue --set instance_count=2',
    )
    .action(async (options: DeploymentChange) =>
      (await import('./deployment-update.ts')).updateDeployment(options),
    );

  named('show', 'Show a deployment.')
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment show -e iris -n blue -o yaml')
    .action(async (options: NamedDeployment) =>
      (await import('./deployment-show.ts')).showDeployment(options),
    );

  command('list', 'List the deployments of an endpoint.')
    .requiredOption('-e, --endpoint-name <name>', 'the endpoint')
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment list -e iris')
    .action(async (options: Target & { endpointName: string }) =>
      (await import('./deployment-show.ts')).listDeployments(options),
    );

  named('delete', 'Delete a deployment; what was collected stays.')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'do not wait until it is gone')
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment delete -e iris -n blue --yes')
    .action(async (options: NamedDeployment & Deletion) =>
      (await import('./deployment-delete.ts')).deleteDeployment(options),
    );

  const containers = ['inference-server', 'storage-initializer', 'model-data-collector'];
  named('get-logs', 'Print the last lines of its log.')
    .option('-l, --lines <count>', 'how many', wholeNumber, 5000)
    .addOption(
      new Option('-c, --container <name>', 'of which container').choices(containers).default(containers[0]),
    )
    .addHelpText('after', '\nExample:\n  gleaner ml online-deployment get-logs -e iris -n blue -l 100')
    .action(async (options: LogRequest) => (await import('./deployment-logs.ts')).printLogs(options));
}

export interface NamedDeployment extends Target {
  endpointName: string;
  name: string;
}

export interface DeploymentChange extends Target, Overrides {
  file?: string;
  endpointName?: string;
  name?: string;
  allTraffic?: true;
  /** False with `--no-wait`. */
  wait: boolean;
}

export interface LogRequest extends NamedDeployment {
  lines: number;
  container: string;
}

/** The path of a deployment, below the workspace. */
export function deploymentPath({
  endpointName,
  name,
}: Pick<NamedDeployment, 'endpointName' | 'name'>): string {
  return `/onlineEndpoints/${encodeURIComponent(endpointName)}/deployments/${encodeURIComponent(name)}`;
}
