/** Assets: names, and the versions below them, which do not change once they are made. */
import { isDeepStrictEqual } from 'node:util';

import { parseDatastoreUri } from '@gleaner/protocol';

import { codeVersion, dataVersion, environmentVersion, modelVersion } from '../api/resources.ts';
import type { CatalogTransaction, JsonObject, StoredResource } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { longUri } from './azureml-paths.ts';
import { withoutAnswered } from './bodies.ts';
import { checkPreconditions, requireResource } from './context.ts';
import type { Preconditions, ResourceContext } from './context.ts';
import type { AssetType, ResourceIds } from './ids.ts';
import { showResource } from './show.ts';

export interface VersionKey {
  type: AssetType;
  name: string;
  version: string;
}

const schemas = {
  data: dataVersion,
  models: modelVersion,
  environments: environmentVersion,
  codes: codeVersion,
} as const;

/** The property that holds a path, by type. */
const uriKeys = { data: 'dataUri', models: 'modelUri', codes: 'codeUri', environments: undefined } as const;

/** What may be changed later. */
const labels = new Set(['description', 'tags', 'properties', 'isArchived', 'isAnonymous']);

/** One entry for each name, as the containers of the original. */
export async function listAssets(type: AssetType, context: ResourceContext): Promise<JsonObject[]> {
  return context.catalog.transact(async (transaction) => {
    const byName = new Map<string, StoredResource[]>();
    for (const stored of await transaction.listAll(type)) {
      const versions = byName.get(stored.parentId);
      if (versions === undefined) byName.set(stored.parentId, [stored]);
      else versions.push(stored);
    }
    return [...byName.values()].map((versions) => showAsset(type, versions));
  });
}

export async function getAsset(
  { type, name }: Omit<VersionKey, 'version'>,
  context: ResourceContext,
): Promise<JsonObject> {
  const versions = await requireVersions({ type, name }, context);
  return showAsset(type, versions);
}

/** In the order of their making. */
export async function listVersions(
  key: Omit<VersionKey, 'version'>,
  context: ResourceContext,
): Promise<JsonObject[]> {
  return (await requireVersions(key, context)).map(showResource);
}

export async function getVersion({ type, ...key }: VersionKey, context: ResourceContext) {
  return context.catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, context.ids.version(type, key), context);
    return { stored, shown: showResource(stored) };
  });
}

/** Makes it, or changes its labels. Errors: `resource_exists` for a version that holds something else. */
export async function putVersion(
  { type, name, version, body, preconditions }: VersionKey & { body: unknown; preconditions: Preconditions },
  context: ResourceContext,
): Promise<{ stored: StoredResource; isNew: boolean; shown: JsonObject }> {
  checkName(name, 'name');
  checkName(version, 'version');
  const { properties } = withoutAnswered(schemas[type].parse(body));
  const { catalog, ids } = context;
  return catalog.transact(async (transaction) => {
    const id = ids.version(type, { name, version });
    const before = await transaction.find(id);
    checkPreconditions(before, preconditions);
    const made: JsonObject = { ...properties, ...(await checkUri({ type, properties, transaction, ids })) };
    if (before !== undefined && !isSameContent(before.body['properties'], made))
      throw new WorkspaceError(
        'resource_exists',
        `${type} ${name} version ${version} already exists, and a version does not change.`,
        { fix: 'Take another version, or use the one that exists.' },
      );
    const stored = await transaction.put({
      id,
      type,
      parentId: ids.asset(type, before === undefined ? name : (before.id.split('/').at(-3) ?? name)),
      name: version,
      body: { properties: made },
      state: 'Succeeded',
    });
    return { stored, isNew: before === undefined, shown: showResource(stored) };
  });
}

/** Answers whether it was there. Errors: `resource_in_use` when a deployment names it. */
export async function deleteVersion(
  { type, ...key }: VersionKey,
  { catalog, ids }: ResourceContext,
): Promise<boolean> {
  return catalog.transact(async (transaction) => {
    const stored = await transaction.find(ids.version(type, key));
    if (stored === undefined) return false;
    const references = [stored.id, `azureml:${key.name}:${stored.name}`, `azureml:${key.name}@latest`];
    const names = references.map((text) => JSON.stringify(text).toLowerCase());
    for (const deployment of await transaction.listAll('deployments')) {
      const text = JSON.stringify([deployment.body, deployment.applied]).toLowerCase();
      if (names.some((name) => text.includes(name)))
        throw new WorkspaceError(
          'resource_in_use',
          `Deployment ${deployment.name} uses ${type} ${key.name} version ${stored.name}.`,
          { fix: 'Delete or change the deployment first.' },
        );
    }
    await transaction.remove(stored.id);
    return true;
  });
}

async function requireVersions(
  { type, name }: Omit<VersionKey, 'version'>,
  { catalog, ids, names }: ResourceContext,
): Promise<[StoredResource, ...StoredResource[]]> {
  const [first, ...rest] = await catalog.transact(async (transaction) =>
    transaction.list(ids.asset(type, name), type),
  );
  if (first !== undefined) return [first, ...rest];
  const path = `Microsoft.MachineLearningServices/workspaces/${names.workspace}/${type}/${name}`;
  throw new WorkspaceError(
    'resource_not_found',
    `The Resource '${path}' under resource group '${names.resourceGroup}' was not found.`,
  );
}

function showAsset(type: AssetType, versions: readonly StoredResource[]): JsonObject {
  const latest = versions.at(-1);
  const numbers = versions.map(({ name }) => (/^\d+$/.test(name) ? Number(name) : 0));
  return {
    id: latest?.parentId,
    name: latest?.parentId.split('/').at(-1),
    type: `Microsoft.MachineLearningServices/workspaces/${type}`,
    properties: {
      latestVersion: latest?.name,
      nextVersion: String(Math.max(0, ...numbers) + 1),
      isArchived: false,
      provisioningState: 'Succeeded',
    },
    systemData: { createdAt: versions[0]?.createdAt, lastModifiedAt: latest?.modifiedAt },
  };
}

function checkName(text: string, what: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(text)) return;
  throw invalid(`${JSON.stringify(text)} cannot be the ${what} of an asset.`, {
    fix: "Take 1 to 255 letters, digits, '_', '-' and '.', the first a letter or digit.",
  });
}

/** In the long form; the datastore has to be there. */
async function checkUri({
  type,
  properties,
  transaction,
  ids,
}: {
  type: AssetType;
  properties: object;
  transaction: CatalogTransaction;
  ids: ResourceIds;
}): Promise<Readonly<Record<string, string>>> {
  const key = uriKeys[type];
  if (key === undefined) return {};
  const uri = parseDatastoreUri(String(new Map(Object.entries(properties)).get(key)));
  if ((await transaction.find(ids.datastore(uri.datastore))) === undefined)
    throw invalid(`Datastore ${uri.datastore} of ${key} was not found in this workspace.`, {
      fix: 'Create the datastore first.',
    });
  return { [key]: longUri(uri, ids) };
}

function isSameContent(before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(contentOf(before), contentOf(after));
}

function contentOf(properties: unknown): Record<string, unknown> {
  const entries = typeof properties === 'object' && properties !== null ? Object.entries(properties) : [];
  return Object.fromEntries(
    entries.filter(([key, value]) => !labels.has(key) && value !== null && value !== undefined),
  );
}
