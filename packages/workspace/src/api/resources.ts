/** The bodies of the REST interface: Azure Resource Manager's, in the shape of the newest version of the original. */
import { z } from 'zod';

/** What the server adds to every resource. */
const resource = {
  id: z.string().optional(),
  name: z.string().optional(),
  type: z.string().optional(),
  systemData: z.object({ createdAt: z.string(), lastModifiedAt: z.string() }).loose().optional(),
};
const texts = z.record(z.string(), z.string());
const labels = { description: z.string().nullish(), properties: texts.nullish() };
const provisioningState = z
  .enum(['Creating', 'Updating', 'Deleting', 'Succeeded', 'Failed', 'Canceled'])
  .optional();
/** ISO 8601, such as `PT5S`. */
const duration = z.string();
const percentages = z.record(z.string(), z.number().int().min(0).max(100));

export const onlineEndpoint = z.object({
  ...resource,
  location: z.string().optional(),
  tags: texts.nullish(),
  kind: z.string().nullish(),
  identity: z
    .object({
      type: z.string(),
      userAssignedIdentities: z.record(z.string(), z.unknown()).nullish(),
      principalId: z.string().nullish(),
      tenantId: z.string().nullish(),
    })
    .nullish(),
  properties: z.object({
    ...labels,
    authMode: z.enum(['Key', 'AMLToken', 'AADToken']),
    traffic: percentages.nullish(),
    mirrorTraffic: percentages.nullish(),
    publicNetworkAccess: z.string().nullish(),
    compute: z.string().nullish(),
    scoringUri: z.string().optional(),
    swaggerUri: z.string().optional(),
    provisioningState,
  }),
});
export type OnlineEndpoint = z.infer<typeof onlineEndpoint>;

const probe = z.object({
  initialDelay: duration.nullish(),
  period: duration.nullish(),
  timeout: duration.nullish(),
  successThreshold: z.number().int().min(1).nullish(),
  failureThreshold: z.number().int().min(1).nullish(),
});

export const dataCollector = z.object({
  collections: z.record(
    z.string(),
    z.object({
      /** `Enabled` or `Disabled`, in any case. */
      dataCollectionMode: z.string().nullish(),
      /** Resource id of a data version. */
      dataId: z.string().nullish(),
      clientId: z.string().nullish(),
      samplingRate: z.number().min(0).max(1).nullish(),
    }),
  ),
  rollingRate: z.string().nullish(),
  requestLogging: z.object({ captureHeaders: z.array(z.string()).nullish() }).nullish(),
});
export type DataCollectorBody = z.infer<typeof dataCollector>;

export const onlineDeployment = z.object({
  ...resource,
  location: z.string().optional(),
  tags: texts.nullish(),
  kind: z.string().nullish(),
  sku: z
    .object({ name: z.string().nullish(), capacity: z.number().int().min(0).nullish() })
    .loose()
    .nullish(),
  properties: z.object({
    ...labels,
    endpointComputeType: z.enum(['Managed', 'Kubernetes']).default('Managed'),
    codeConfiguration: z.object({ codeId: z.string().nullish(), scoringScript: z.string() }).nullish(),
    /** Resource id of an environment version. */
    environmentId: z.string().nullish(),
    environmentVariables: texts.nullish(),
    /** Resource id of a model version. */
    model: z.string().nullish(),
    modelMountPath: z.string().nullish(),
    appInsightsEnabled: z.boolean().nullish(),
    instanceType: z.string().nullish(),
    scaleSettings: z.object({ scaleType: z.string() }).loose().nullish(),
    requestSettings: z
      .object({
        requestTimeout: duration.nullish(),
        maxConcurrentRequestsPerInstance: z.number().int().min(1).nullish(),
        maxQueueWait: duration.nullish(),
      })
      .nullish(),
    livenessProbe: probe.nullish(),
    readinessProbe: probe.nullish(),
    containerResourceRequirements: z.record(z.string(), z.unknown()).nullish(),
    egressPublicNetworkAccess: z.string().nullish(),
    dataCollector: dataCollector.nullish(),
    provisioningState,
  }),
});
export type OnlineDeployment = z.infer<typeof onlineDeployment>;

const asset = {
  ...labels,
  tags: texts.nullish(),
  isAnonymous: z.boolean().nullish(),
  isArchived: z.boolean().nullish(),
};

export const dataVersion = z.object({
  ...resource,
  properties: z.object({
    ...asset,
    /** `azureml://…/datastores/<datastore>/paths/<path>`, long form when shown. */
    dataUri: z.string(),
    dataType: z.enum(['uri_file', 'uri_folder', 'mltable']).default('uri_folder'),
  }),
});
export type DataVersion = z.infer<typeof dataVersion>;

export const modelVersion = z.object({
  ...resource,
  properties: z.object({
    ...asset,
    modelUri: z.string(),
    modelType: z.string().nullish(),
    flavors: z.record(z.string(), z.unknown()).nullish(),
  }),
});
export type ModelVersion = z.infer<typeof modelVersion>;

export const codeVersion = z.object({ ...resource, properties: z.object({ ...asset, codeUri: z.string() }) });
export type CodeVersion = z.infer<typeof codeVersion>;

const route = z.object({ path: z.string(), port: z.number().int().min(1).max(65_535) });

export const environmentVersion = z.object({
  ...resource,
  properties: z.object({
    ...asset,
    image: z.string().nullish(),
    /** Text of the conda file. */
    condaFile: z.string().nullish(),
    build: z.object({ contextUri: z.string(), dockerfilePath: z.string().nullish() }).nullish(),
    inferenceConfig: z
      .object({
        livenessRoute: route.nullish(),
        readinessRoute: route.nullish(),
        scoringRoute: route.nullish(),
      })
      .nullish(),
    osType: z.string().nullish(),
    environmentType: z.string().nullish(),
    /** Ours: the program to run in the place of the image's own. */
    command: z.array(z.string()).nullish(),
  }),
});
export type EnvironmentVersion = z.infer<typeof environmentVersion>;

/** What `datastores/{name}` holds: the keys of a datastore file in camel case; secrets are written, never shown. */
export const datastore = z.object({
  ...resource,
  properties: z
    .object({
      ...labels,
      tags: texts.nullish(),
      /** `AzureBlob`, `AzureDataLakeGen2`; ours: `S3`, `Gcs`, `Folder`. */
      datastoreType: z.string(),
      credentials: z.object({ credentialsType: z.string() }).loose().nullish(),
      isDefault: z.boolean().nullish(),
    })
    .loose(),
});
export type DatastoreBody = z.infer<typeof datastore>;

/** Every error of the interface. */
export interface ErrorBody {
  error: { code: string; message: string; details?: readonly { code: string; message: string }[] };
}
