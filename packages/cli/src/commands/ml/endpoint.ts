import type { Command } from 'commander';
import type { Overrides } from './overrides.ts';
import { addLocalOption, addOverrideOptions, addTargetOptions } from './target.ts';
import type { Target } from './target.ts';

/** `gleaner ml online-endpoint …`. What a command does is loaded when it runs. */
export function registerEndpoint(ml: Command): void {
  const group = ml
    .command('online-endpoint')
    .description('Endpoints: names that requests are sent to.')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint list');
  const command = (name: string, description: string) =>
    addLocalOption(addTargetOptions(group.command(name))).description(description);

  addOverrideOptions(command('create', 'Make an endpoint.'))
    .option('-f, --file <file>', 'endpoint YAML')
    .option('-n, --name <name>', 'its name')
    .option('--auth-mode <mode>', 'key, aml_token or aad_token')
    .option('--no-wait', 'do not wait until it is made')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint create -f endpoint.yml')
    .action(async (options: EndpointChange) =>
      (await import('./endpoint-create.ts')).createEndpoint(options),
    );

  addOverrideOptions(command('update', 'Change an endpoint.'))
    .option('-f, --file <file>', 'endpoint YAML')
    .option('-n, --name <name>', 'its name')
    .option('--traffic <percentages...>', 'percent by deployment: "blue=90 green=10"')
    .option('--mirror-traffic <percentages...>', 'percent of requests that one deployment gets besides')
    .option('--no-wait', 'do not wait until it is changed')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner ml online-endpoint update -n iris --traffic "blue=90 green=10"',
    )
    .action(async (options: EndpointUpdate) =>
      (await import('./endpoint-update.ts')).updateEndpoint(options),
    );

  command('show', 'Show an endpoint.')
    .requiredOption('-n, --name <name>', 'its name')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint show -n iris --query scoring_uri -o tsv')
    .action(async (options: NamedEndpoint) => (await import('./endpoint-show.ts')).showEndpoint(options));

  command('list', 'List the endpoints.')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint list')
    .action(async (options: Target) => (await import('./endpoint-show.ts')).listEndpoints(options));

  command('delete', 'Delete an endpoint with its deployments; what was collected stays.')
    .requiredOption('-n, --name <name>', 'its name')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'do not wait until it is gone')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint delete -n iris --yes')
    .action(async (options: NamedEndpoint & Deletion) =>
      (await import('./endpoint-delete.ts')).deleteEndpoint(options),
    );

  command('invoke', 'Send a request and print the answer.')
    .requiredOption('-n, --name <name>', 'its name')
    .requiredOption('-r, --request-file <file>', 'JSON to send')
    .option('-d, --deployment-name <name>', 'the deployment to ask, whatever the traffic is')
    .addHelpText('after', '\nExample:\n  gleaner ml online-endpoint invoke -n iris -r sample-request.json')
    .action(async (options: Invocation) => (await import('./endpoint-invoke.ts')).invokeEndpoint(options));

  command('get-credentials', 'Print the keys, or a token.')
    .requiredOption('-n, --name <name>', 'its name')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner ml online-endpoint get-credentials -n iris --query primaryKey -o tsv',
    )
    .action(async (options: NamedEndpoint) => (await import('./endpoint-keys.ts')).getCredentials(options));

  command('regenerate-keys', 'Make a new key; the one before is refused from then on.')
    .requiredOption('-n, --name <name>', 'its name')
    .option('--key-type <type>', 'primary or secondary', 'primary')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'accepted and ignored')
    .addHelpText(
      'after',
      '\nExample:\n  gleaner ml online-endpoint regenerate-keys -n iris --key-type secondary',
    )
    .action(async (options: NamedEndpoint & { keyType: string }) =>
      (await import('./endpoint-keys.ts')).regenerateKeys(options),
    );
}

export interface NamedEndpoint extends Target {
  name: string;
}

export interface EndpointChange extends Target, Overrides {
  file?: string;
  name?: string;
  authMode?: string;
  /** False with `--no-wait`. */
  wait: boolean;
}

export interface EndpointUpdate extends EndpointChange {
  traffic?: readonly string[];
  mirrorTraffic?: readonly string[];
}

export interface Deletion {
  yes?: true;
  wait: boolean;
}

export interface Invocation extends NamedEndpoint {
  requestFile: string;
  deploymentName?: string;
}
