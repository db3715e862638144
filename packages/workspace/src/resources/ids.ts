import { invalid } from '../errors.ts';

/** The three names that stand in every id. */
export interface WorkspaceNames {
  subscriptionId: string;
  resourceGroup: string;
  workspace: string;
}

export type AssetType = 'data' | 'models' | 'environments' | 'codes';

export interface ResourceIds {
  workspace: string;
  endpoint(endpoint: string): string;
  deployment(endpoint: string, deployment: string): string;
  datastore(datastore: string): string;
  asset(type: AssetType, name: string): string;
  version(type: AssetType, asset: { name: string; version: string }): string;
  /** The resources of that type right below the workspace, as their parent. */
  readonly root: string;
}

/** Names are compared without case. */
export function isSame(given: string | undefined, own: string): boolean {
  return given?.toLowerCase() === own.toLowerCase();
}

/** A version of an asset, or the newest of its versions. */
export interface AssetReference {
  name: string;
  version: string | undefined;
}

export function createIds({ subscriptionId, resourceGroup, workspace }: WorkspaceNames): ResourceIds {
  const root = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
  const endpoint = (name: string) => `${root}/onlineEndpoints/${name}`;
  const asset = (type: AssetType, name: string) => `${root}/${type}/${name}`;
  return {
    root,
    workspace: root,
    endpoint,
    deployment: (parent, name) => `${endpoint(parent)}/deployments/${name}`,
    datastore: (name) => `${root}/datastores/${name}`,
    asset,
    version: (type, { name, version }) => `${asset(type, name)}/versions/${version}`,
  };
}

/**
 * Reads the id of a version in this workspace, `azureml:<name>:<version>` and `azureml:<name>@latest`.
 * Errors: `request_invalid`.
 */
export function parseAssetReference(text: string, type: AssetType, ids: ResourceIds): AssetReference {
  const plain = text.trim().replace(/^azureml:(?!\/\/)/, '');
  const prefix = `${ids.root}/${type}/`;
  if (plain.toLowerCase().startsWith(prefix.toLowerCase())) {
    const [name, versions, version, ...rest] = plain.slice(prefix.length).split('/');
    if (name && versions?.toLowerCase() === 'versions' && version && rest.length === 0)
      return { name, version };
  }
  if (/^azureml:\/\/registries\//i.test(plain))
    throw invalid(`${JSON.stringify(text)} is in a registry, and there are none here.`, {
      fix: 'Write the asset into the deployment file, or create it in this workspace first.',
    });
  const short = /^(?<name>[^:@/\\]+)(?::(?<version>[^:@/\\]+)|@latest)$/.exec(plain)?.groups;
  if (short?.['name'] !== undefined) return { name: short['name'], version: short['version'] };
  throw invalid(`${JSON.stringify(text)} names no version of ${type} in this workspace.`, {
    fix: `Write azureml:<name>:<version>, or the id ${prefix}<name>/versions/<version>.`,
  });
}
