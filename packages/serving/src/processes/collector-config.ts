/** The configuration of one instance's collector, as `spec/collector-configuration.md` has it. */
import { join } from 'node:path';

import type { CollectorPlan, DeploymentPlan } from '@gleaner/workspace/api';

/** On 127.0.0.1. */
export interface CollectorPorts {
  intake: number;
  admin: number;
  /** Where the gateway sends requests. */
  proxy: number;
}

export interface CollectorFolder {
  config: string;
  spool: string;
  /** What `AZUREML_MDC_CONFIG_PATH` names. */
  sdkConfig: string;
}

/** Where things lie in the folder of an instance. */
export function collectorFolder(folder: string): CollectorFolder {
  return {
    config: join(folder, 'collector.yml'),
    spool: join(folder, 'spool'),
    sdkConfig: join(folder, 'mdc-config.json'),
  };
}

export interface CollectorConfigOptions {
  folder: string;
  programPort: number;
  ports: CollectorPorts;
  /** It has served before: a store that refuses it now must not end that. */
  hasServed: boolean;
}

/** JSON, which is YAML. Has the secrets of datastores in it. */
export function collectorConfig(plan: DeploymentPlan, options: CollectorConfigOptions): string {
  const { intake, admin, proxy } = options.ports;
  const { spool, sdkConfig } = collectorFolder(options.folder);
  return yamlOf({
    name: plan.deployment,
    endpoint_name: plan.endpoint,
    data_collector: collectorBlock(plan.collector),
    datastores: plan.collector.datastores,
    workspace: {
      subscription_id: plan.workspace.subscriptionId,
      resource_group: plan.workspace.resourceGroup,
      name: plan.workspace.name,
    },
    intake: { host: '127.0.0.1', port: intake },
    admin: { host: '127.0.0.1', port: admin },
    proxy: `127.0.0.1:${proxy}:${options.programPort}`,
    // The gateway sends them again.
    undelivered: 'leave_out',
    spool: { path: spool },
    ship: { refused: options.hasServed ? 'wait' : 'stop' },
    write_mdc_config: sdkConfig,
    log_level: 'info',
  });
}

/** The same collector without anybody to listen to: it only stores what its spool holds. */
export function drainingConfig(text: string): string {
  const { proxy: _, ...config } = JSON.parse(text) as Record<string, unknown>;
  const anyPort = { host: '127.0.0.1', port: 0 };
  return yamlOf({ ...config, intake: anyPort, admin: anyPort, ship: { refused: 'wait' } });
}

/** Nothing is collected without a block, and a block needs collections. */
function collectorBlock({ collections, rollingRate, captureHeaders }: CollectorPlan): unknown {
  const entries = Object.entries(collections);
  if (entries.length === 0) return undefined;
  return {
    collections: Object.fromEntries(
      entries.map(([name, { enabled, samplingRate, path, clientId }]) => [
        name,
        {
          enabled: String(enabled),
          sampling_rate: samplingRate,
          data: { path },
          ...(clientId !== undefined && { client_id: clientId }),
        },
      ]),
    ),
    rolling_rate: rollingRate,
    ...(captureHeaders.length > 0 && { request_logging: { capture_headers: captureHeaders } }),
  };
}

/** YAML 1.1 takes `1e-7` for a text: a number needs its point. */
function yamlOf(config: unknown): string {
  return JSON.stringify(config, null, 2).replaceAll(/("sampling_rate": \d)(e-\d+)/g, '$1.0$2');
}
