/** Everything a deployment file says besides what to collect. */
import { assetReader, wordReader } from './asset-reference.ts';
import { readEnvironmentShape, readModelShape } from './asset-shapes.ts';
import { readBoolean, readInteger, readNumber, readText } from './fields.ts';
import type { Field, FieldReader } from './fields.ts';
import type { Report } from './report.ts';
import { readTexts, shapeReader } from './shape.ts';
import type { Shaped } from './shape.ts';
import { pythonRepr } from './yaml-value.ts';

const readProbe = shapeReader({
  period: readInteger,
  initial_delay: readInteger,
  timeout: readInteger,
  success_threshold: readInteger,
  failure_threshold: readInteger,
});

const readQuantities = shapeReader({
  cpu: readQuantity,
  memory: readQuantity,
  'nvidia.com/gpu': readQuantity,
});

const commonReaders = {
  $schema: readIgnored,
  description: readText,
  id: readText,
  tags: readTexts,
  properties: readTexts,
  model: assetReader('models', readModelShape),
  model_mount_path: readText,
  code_configuration: shapeReader({ code: readText, scoring_script: readText }),
  environment: assetReader('environments', readEnvironmentShape),
  environment_variables: readTexts,
  app_insights_enabled: readBoolean,
  scale_settings: shapeReader(
    {
      type: wordReader(['default', 'target_utilization']),
      polling_interval: readInteger,
      target_utilization_percentage: readInteger,
      min_instances: readInteger,
      max_instances: readInteger,
    },
    ['type'],
  ),
  request_settings: shapeReader({
    request_timeout_ms: readInteger,
    max_concurrent_requests_per_instance: readInteger,
    max_queue_wait_ms: readInteger,
  }),
  liveness_probe: readProbe,
  readiness_probe: readProbe,
  provisioning_state: readText,
  instance_count: readInteger,
  instance_type: readText,
} as const;

const managedReaders = {
  egress_public_network_access: wordReader(['enabled', 'disabled']),
  private_network_connection: readBoolean,
  creation_context: readIgnored,
} as const;

const kubernetesReaders = {
  resources: shapeReader({ requests: readQuantities, limits: readQuantities }),
} as const;

export type DeploymentSettings = Shaped<
  typeof commonReaders & typeof managedReaders & typeof kubernetesReaders
> & {
  /** The keys that the `data_collector` block has, where there is one: what is left out is left to the server. */
  data_collector_keys?: readonly string[];
};

const readersOfType: Record<'managed' | 'kubernetes', Record<string, FieldReader<unknown>>> = {
  managed: { ...commonReaders, ...managedReaders },
  kubernetes: { ...commonReaders, ...kubernetesReaders },
};

export const settingKeys: readonly string[] = Object.keys({
  ...readersOfType.managed,
  ...readersOfType.kubernetes,
});

/** Reads the `fields` that are settings; those that the type of the deployment does not have are reported. */
export function readSettings(
  fields: Partial<Record<string, Field>>,
  type: 'managed' | 'kubernetes',
  report: Report,
): DeploymentSettings {
  const readers = readersOfType[type];
  const values: [string, unknown][] = [];
  for (const key of settingKeys) {
    const field = fields[key];
    if (field === undefined) continue;
    const read = readers[key];
    if (read === undefined) report.problem(field.key, 'Unknown field.');
    else values.push([key, read(field, report)]);
  }
  const settings = Object.fromEntries(
    values.filter(([, value]) => value !== undefined),
  ) as DeploymentSettings;
  const scale = fields['scale_settings'];
  if (scale !== undefined && type === 'managed' && settings.scale_settings?.type === 'target_utilization') {
    report.problem(scale, 'ManagedOnlineEndpoint supports DefaultScaleSettings only.');
  }
  return settings;
}

/** `"1"`, `500m` or `2Gi`; a number is taken as its digits. */
function readQuantity(field: Field, report: Report): string | undefined {
  const { value } = field;
  if (value.kind !== 'integer' && value.kind !== 'float') return readText(field, report);
  return readNumber(field, report) === undefined ? undefined : pythonRepr(value);
}

/** The original drops these keys with what they hold, and knows them no more when they hold nothing. */
function readIgnored(field: Field, report: Report): undefined {
  if (field.value.kind === 'null') report.problem(field.key, 'Unknown field.');
}
