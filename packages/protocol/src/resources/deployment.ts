import type { Deployment } from '../deployment/deployment.ts';
import type { DeploymentSettings } from '../deployment/settings.ts';
import { compact } from './bodies.ts';
import type { DataCollectorRest, DeploymentBody, ProbeBody } from './bodies.ts';
import { durationMs, isoDuration } from './duration.ts';

/** What a deployment refers to by the ids of the workspace, once it is registered there. */
export interface DeploymentIds {
  code?: string | undefined;
  model?: string | undefined;
  environment?: string | undefined;
  /** Ids of data versions by collection. */
  data?: Readonly<Record<string, string>>;
}

/** A deployment file that was read. */
export interface DeploymentFile {
  deployment: Deployment;
  settings: DeploymentSettings;
}

/** The body to put, as the original's client sends it. */
export function deploymentToRest(
  { deployment, settings }: DeploymentFile,
  ids: DeploymentIds,
): DeploymentBody {
  const { code_configuration: code, scale_settings: scale, request_settings: requests } = settings;
  return {
    properties: {
      ...(code?.scoring_script !== undefined && {
        codeConfiguration: { ...compact({ codeId: ids.code }), scoringScript: code.scoring_script },
      }),
      ...compact({
        environmentId: ids.environment,
        model: ids.model,
        modelMountPath: settings.model_mount_path,
        scaleSettings: scale && {
          scaleType: scale.type === 'target_utilization' ? 'TargetUtilization' : 'Default',
          ...compact({
            minInstances: scale.min_instances,
            maxInstances: scale.max_instances,
            pollingInterval: seconds(scale.polling_interval),
            targetUtilizationPercentage: scale.target_utilization_percentage,
          }),
        },
      }),
      properties: settings.properties ?? {},
      ...compact({ description: settings.description }),
      environmentVariables: settings.environment_variables ?? {},
      appInsightsEnabled: settings.app_insights_enabled ?? false,
      ...compact({
        requestSettings:
          requests &&
          compact({
            maxQueueWait: milliseconds(requests.max_queue_wait_ms),
            maxConcurrentRequestsPerInstance: requests.max_concurrent_requests_per_instance,
            requestTimeout: milliseconds(requests.request_timeout_ms),
          }),
        livenessProbe: probeToRest(settings.liveness_probe),
        instanceType: settings.instance_type,
        readinessProbe: probeToRest(settings.readiness_probe),
        containerResourceRequirements: resourcesToRest(settings.resources),
        dataCollector: collectorToRest(deployment, settings.data_collector_keys, ids.data ?? {}),
      }),
      endpointComputeType: deployment.type === 'kubernetes' ? 'Kubernetes' : 'Managed',
      ...compact({ egressPublicNetworkAccess: settings.egress_public_network_access }),
    },
    tags: settings.tags ?? {},
    sku: { name: 'Default', ...compact({ capacity: settings.instance_count }) },
  };
}

/** What the original's `show -o json` prints, keys in its order; as a file it reads back to the same deployment. */
export function deploymentEntity(body: DeploymentBody): Record<string, unknown> {
  const { properties } = body;
  const { requestSettings: requests, codeConfiguration: code, dataCollector: collector } = properties;
  const managed = properties.endpointComputeType === 'Managed';
  return compact({
    name: body.name,
    endpoint_name: /\/onlineEndpoints\/([^/]+)\//i.exec(body.id ?? '')?.[1],
    description: properties.description,
    id: body.id,
    tags: body.tags ?? {},
    properties: properties.properties ?? {},
    model: properties.model && `azureml:${properties.model}`,
    model_mount_path: properties.modelMountPath,
    code_configuration: code && compact({ code: code.codeId, scoring_script: code.scoringScript }),
    environment: properties.environmentId && `azureml:${properties.environmentId}`,
    environment_variables: properties.environmentVariables ?? {},
    app_insights_enabled: properties.appInsightsEnabled ?? false,
    scale_settings: properties.scaleSettings && scaleEntity(properties.scaleSettings),
    request_settings:
      requests &&
      compact({
        request_timeout_ms: msOf(requests.requestTimeout),
        max_concurrent_requests_per_instance: requests.maxConcurrentRequestsPerInstance,
        max_queue_wait_ms: msOf(requests.maxQueueWait),
      }),
    liveness_probe: probeEntity(properties.livenessProbe),
    readiness_probe: probeEntity(properties.readinessProbe),
    provisioning_state: properties.provisioningState,
    instance_count: body.sku?.capacity,
    type: managed ? 'managed' : 'kubernetes',
    instance_type: properties.instanceType,
    data_collector: collector && collectorEntity(collector),
    egress_public_network_access: properties.egressPublicNetworkAccess?.toLowerCase(),
    resources: managed ? undefined : resourcesEntity(properties.containerResourceRequirements),
    creation_context:
      managed && body.systemData
        ? { created_at: body.systemData.createdAt, last_modified_at: body.systemData.lastModifiedAt }
        : undefined,
  });
}

function collectorToRest(
  { collections, rollingRate, captureHeaders }: Deployment,
  keys: readonly string[] | undefined,
  data: Readonly<Record<string, string>>,
): DataCollectorRest | undefined {
  if (keys === undefined) return undefined;
  return {
    collections: Object.fromEntries(
      collections.map((collection) => [
        collection.name,
        {
          dataCollectionMode: collection.enabled ? 'enabled' : 'disabled',
          ...((collection.samplingRate !== 1 || keys.includes('sampling_rate')) && {
            samplingRate: collection.samplingRate,
          }),
          ...compact({ dataId: data[collection.name], clientId: collection.clientId }),
        },
      ]),
    ),
    ...(keys.includes('rolling_rate') && { rollingRate }),
    ...(keys.includes('request_logging') && { requestLogging: { captureHeaders: [...captureHeaders] } }),
  };
}

function collectorEntity({ collections, rollingRate, requestLogging }: DataCollectorRest): object {
  const rates = Object.values(collections).map(({ samplingRate }) => samplingRate ?? undefined);
  const global = rates.at(-1);
  const alike = rates.every((rate) => rate === global);
  return compact({
    collections: Object.fromEntries(
      Object.entries(collections).map(([name, collection]) => [
        name,
        compact({
          enabled: collection.dataCollectionMode?.toLowerCase() === 'enabled' ? 'true' : 'false',
          data: collection.dataId,
          client_id: collection.clientId,
          // The original knows one rate for all: where they differ it would be lost when the deployment is changed.
          sampling_rate: alike ? undefined : (collection.samplingRate ?? 1),
        }),
      ]),
    ),
    rolling_rate: rollingRate?.toLowerCase(),
    sampling_rate: global,
    request_logging: requestLogging?.captureHeaders && { capture_headers: requestLogging.captureHeaders },
  });
}

type ProbeSettings = NonNullable<DeploymentSettings['liveness_probe']>;

function probeToRest(probe: ProbeSettings | undefined): ProbeBody | undefined {
  return (
    probe &&
    compact({
      failureThreshold: probe.failure_threshold,
      successThreshold: probe.success_threshold,
      timeout: seconds(probe.timeout),
      period: seconds(probe.period),
      initialDelay: seconds(probe.initial_delay),
    })
  );
}

function probeEntity(probe: ProbeBody | null | undefined): object | undefined {
  return probe
    ? compact({
        period: secondsOf(probe.period),
        initial_delay: secondsOf(probe.initialDelay),
        timeout: secondsOf(probe.timeout),
        success_threshold: probe.successThreshold,
        failure_threshold: probe.failureThreshold,
      })
    : undefined;
}

function scaleEntity(scale: { scaleType: string; [key: string]: unknown }): object {
  const { pollingInterval } = scale;
  return compact({
    type: scale.scaleType === 'TargetUtilization' ? 'target_utilization' : 'default',
    polling_interval: typeof pollingInterval === 'string' ? secondsOf(pollingInterval) : undefined,
    target_utilization_percentage: scale['targetUtilizationPercentage'],
    min_instances: scale['minInstances'],
    max_instances: scale['maxInstances'],
  });
}

function resourcesToRest(resources: DeploymentSettings['resources']): Record<string, unknown> | undefined {
  const settings = (quantities: NonNullable<typeof resources>['requests']) =>
    quantities &&
    compact({ cpu: quantities.cpu, memory: quantities.memory, gpu: quantities['nvidia.com/gpu'] });
  return (
    resources &&
    compact({
      containerResourceRequests: settings(resources.requests),
      containerResourceLimits: settings(resources.limits),
    })
  );
}

function resourcesEntity(body: Record<string, unknown> | null | undefined): object | undefined {
  if (!body) return undefined;
  return compact({
    requests: quantitiesEntity(body['containerResourceRequests']),
    limits: quantitiesEntity(body['containerResourceLimits']),
  });
}

function quantitiesEntity(quantities: unknown): object | undefined {
  if (typeof quantities !== 'object' || quantities === null) return undefined;
  const { gpu, ...rest } = quantities as Record<string, unknown>;
  return compact({ ...rest, 'nvidia.com/gpu': gpu });
}

function seconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : isoDuration(value * 1000);
}

function milliseconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : isoDuration(value);
}

function msOf(text: string | null | undefined): number | undefined {
  return text ? durationMs(text) : undefined;
}

function secondsOf(text: string | null | undefined): number | undefined {
  const ms = msOf(text);
  return ms === undefined ? undefined : ms / 1000;
}
