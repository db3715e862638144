/** Resources as they are shown: no secrets, as they never are in a body. */
import { onlineDeployment, onlineEndpoint } from '../api/resources.ts';
import type { JsonObject, StoredResource } from '../catalog/catalog.ts';

const namespace = 'Microsoft.MachineLearningServices/workspaces';

const typeNames: Readonly<Record<string, string>> = {
  onlineEndpoints: `${namespace}/onlineEndpoints`,
  deployments: `${namespace}/onlineEndpoints/deployments`,
  datastores: `${namespace}/datastores`,
  data: `${namespace}/data/versions`,
  models: `${namespace}/models/versions`,
  environments: `${namespace}/environments/versions`,
  codes: `${namespace}/codes/versions`,
};

export function showResource(stored: StoredResource): JsonObject {
  const { properties, ...rest } = stored.body;
  const isServed = stored.type === 'onlineEndpoints' || stored.type === 'deployments';
  const own = typeof properties === 'object' && properties !== null ? properties : {};
  return {
    ...rest,
    id: stored.id,
    name: stored.name,
    type: typeNames[stored.type] ?? stored.type,
    properties: isServed
      ? { ...own, provisioningState: stored.state }
      : { ...own, provisioningState: 'Succeeded' },
    systemData: { createdAt: stored.createdAt, lastModifiedAt: stored.modifiedAt },
  };
}

export function showEndpoint(
  stored: StoredResource,
  { location, publicUrl, deployments }: ShownEndpointContext,
): JsonObject {
  const body = onlineEndpoint.parse(stored.body);
  const base = `${publicUrl}/endpoints/${stored.name}`;
  const path = scoringPath(deployments);
  return showResource({
    ...stored,
    body: {
      location,
      tags: {},
      kind: 'Managed',
      ...body,
      properties: {
        ...body.properties,
        traffic: body.properties.traffic ?? {},
        mirrorTraffic: body.properties.mirrorTraffic ?? {},
        properties: body.properties.properties ?? {},
        scoringUri: `${base}${path}`,
        swaggerUri: `${base}/swagger.json`,
      },
    },
  });
}

export interface ShownEndpointContext {
  location: string;
  publicUrl: string;
  deployments: readonly StoredResource[];
}

/** That of the deployments where they have one in common: a program may have chosen its own. */
function scoringPath(deployments: readonly StoredResource[]): string {
  const paths = new Set(deployments.flatMap(({ applied }) => applied?.['scoringPath'] ?? []));
  const [path] = paths;
  return paths.size === 1 && typeof path === 'string' ? path : '/score';
}

/** In the words that clients of the original compare with, and with what they take for granted. */
export function showDeployment(stored: StoredResource, { location }: { location: string }): JsonObject {
  const { sku, ...body } = onlineDeployment.parse(stored.body);
  const { scaleSettings, dataCollector } = body.properties;
  const collections = Object.entries(dataCollector?.collections ?? {}).map(([name, collection]) => {
    const isEnabled = collection.dataCollectionMode?.toLowerCase() === 'enabled';
    return [name, { ...collection, dataCollectionMode: isEnabled ? 'Enabled' : 'Disabled' }] as const;
  });
  const properties = {
    ...body.properties,
    scaleSettings: scaleSettings ?? { scaleType: 'Default' },
    ...(dataCollector && {
      dataCollector: { ...dataCollector, collections: Object.fromEntries(collections) },
    }),
  };
  return showResource({
    ...stored,
    body: {
      location,
      tags: {},
      kind: 'Managed',
      ...body,
      sku: { ...sku, name: sku?.name ?? 'Default', capacity: sku?.capacity ?? 1 },
      properties,
    },
  });
}
