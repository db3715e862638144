/** What a deployment names, read from the catalog: its assets, and where its collections are written. */
import {
  canonicalCollectionName,
  defaultCollectionUri,
  formatDatastoreUri,
  parseDatastoreUri,
  rollingRates,
} from '@gleaner/protocol';
import type { RollingRate } from '@gleaner/protocol';

import { datastoreFromRest } from '../api/datastore.ts';
import type { DatastoreFile } from '../api/datastore.ts';
import {
  codeVersion,
  datastore as datastoreBody,
  dataVersion,
  environmentVersion,
  modelVersion,
} from '../api/resources.ts';
import type { EnvironmentVersion, ModelVersion, OnlineDeployment } from '../api/resources.ts';
import type { CollectionPlan, CollectorPlan } from '../api/runtime.ts';
import type { CatalogTransaction, StoredResource } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { findVersion } from '../resources/assets.ts';
import type { ResourceIds } from '../resources/ids.ts';
import type { Secrets } from '../secrets/secrets.ts';

export interface DeploymentParts {
  model?: { name: string; version: string; properties: ModelVersion['properties']; datastore: DatastoreFile };
  code?: { uri: string; datastore: DatastoreFile };
  environment?: EnvironmentVersion['properties'];
  collector: CollectorPlan;
}

export interface PartsContext {
  transaction: CatalogTransaction;
  ids: ResourceIds;
  secrets: Secrets;
}

interface DeploymentNames {
  endpoint: string;
  deployment: string;
}

/** Errors: `request_invalid`, `resource_not_found`. */
export async function readParts(
  names: DeploymentNames,
  properties: OnlineDeployment['properties'],
  context: PartsContext,
): Promise<DeploymentParts> {
  const { transaction, ids } = context;
  const parts: DeploymentParts = { collector: await readCollector(names, properties, context) };
  if (properties.model) {
    const found = await findVersion(transaction, { reference: properties.model, type: 'models', ids });
    const model = modelVersion.parse(found.body);
    const datastore = await datastoreOfUri(model.properties.modelUri, context);
    parts.model = { ...nameAndVersion(found), properties: model.properties, datastore };
  }
  const codeId = properties.codeConfiguration?.codeId ?? undefined;
  if (codeId !== undefined) {
    const found = await findVersion(transaction, { reference: codeId, type: 'codes', ids });
    const uri = codeVersion.parse(found.body).properties.codeUri;
    parts.code = { uri, datastore: await datastoreOfUri(uri, context) };
  }
  if (properties.environmentId) {
    const found = await findVersion(transaction, {
      reference: properties.environmentId,
      type: 'environments',
      ids,
    });
    parts.environment = environmentVersion.parse(found.body).properties;
  }
  return parts;
}

/** Names, in lower case, of the datastores that the deployment reads from and writes to. */
export function datastoresOf({ model, code, collector }: DeploymentParts): ReadonlySet<string> {
  const uris = [model?.properties.modelUri, code?.uri].filter((uri) => uri !== undefined);
  const names = [
    ...Object.keys(collector.datastores),
    ...uris.map((uri) => parseDatastoreUri(uri).datastore),
  ];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** The data asset that is registered for a collection whose deployment names none. */
export function defaultAssetName({ endpoint, deployment }: DeploymentNames, collection: string): string {
  return `${endpoint}-${deployment}-${collection}`;
}

/** The datastore of an `azureml://` URI, as a collector's configuration has it, secrets in clear. */
export async function datastoreOfUri(uri: string, context: PartsContext): Promise<DatastoreFile> {
  return readDatastore(ownDatastore(uri, context.ids).datastore, context);
}

async function readCollector(
  names: DeploymentNames,
  { dataCollector }: OnlineDeployment['properties'],
  context: PartsContext,
): Promise<CollectorPlan> {
  const collections: Record<string, CollectionPlan> = {};
  const datastores: Record<string, DatastoreFile> = {};
  for (const [given, collection] of Object.entries(dataCollector?.collections ?? {})) {
    const name = canonicalCollectionName(given);
    if (Object.hasOwn(collections, name)) throw invalid(`Collection ${name} stands twice in the deployment.`);
    const uri = await collectionUri({ ...names, collection: name, dataId: collection.dataId }, context);
    const { datastore, path } = ownDatastore(uri, context.ids);
    datastores[datastore] ??= await readDatastore(datastore, context);
    collections[name] = {
      enabled: readMode(collection.dataCollectionMode, name),
      samplingRate: collection.samplingRate ?? 1,
      path: formatDatastoreUri({ datastore, path }),
      ...(collection.clientId ? { clientId: collection.clientId } : {}),
    };
  }
  return {
    collections,
    rollingRate: readRollingRate(dataCollector?.rollingRate),
    captureHeaders: dataCollector?.requestLogging?.captureHeaders ?? [],
    datastores,
  };
}

async function collectionUri(
  {
    endpoint,
    deployment,
    collection,
    dataId,
  }: DeploymentNames & { collection: string; dataId: string | null | undefined },
  { transaction, ids }: PartsContext,
): Promise<string> {
  const standard = { name: defaultAssetName({ endpoint, deployment }, collection), version: '1' };
  const found = dataId
    ? await findVersion(transaction, { reference: dataId, type: 'data', ids })
    : await transaction.find(ids.version('data', standard));
  if (found === undefined)
    return formatDatastoreUri(defaultCollectionUri({ endpoint, deployment, collection }));
  return dataVersion.parse(found.body).properties.dataUri;
}

async function readDatastore(
  name: string,
  { transaction, ids, secrets }: PartsContext,
): Promise<DatastoreFile> {
  const found = await transaction.find(ids.datastore(name));
  if (found === undefined)
    throw new WorkspaceError('resource_not_found', `Datastore ${name} was not found in this workspace.`, {
      fix: 'Create it with gleaner ml datastore create, or name another one.',
    });
  const file = datastoreFromRest(datastoreBody.parse(found.body), await secrets.read(transaction, found.id));
  if (file === undefined) throw invalid(`Datastore ${name} has a type that there is not.`);
  return file;
}

function ownDatastore(uri: string, ids: ResourceIds): { datastore: string; path: string } {
  const { datastore, path, workspace } = parseDatastoreUri(uri);
  if (workspace !== undefined) {
    const prefix = `/subscriptions/${workspace.subscriptionId}/resourceGroups/${workspace.resourceGroup}/`;
    const isOurs =
      ids.root.toLowerCase().startsWith(prefix.toLowerCase()) &&
      ids.root.toLowerCase().endsWith(`/${workspace.name.toLowerCase()}`);
    if (!isOurs) throw invalid(`${uri} is in another workspace, which this one cannot reach.`);
  }
  return { datastore, path };
}

function readMode(mode: string | null | undefined, collection: string): boolean {
  const text = (mode ?? 'Disabled').toLowerCase();
  if (text === 'enabled') return true;
  if (text === 'disabled') return false;
  throw invalid(
    `dataCollectionMode of collection ${collection} is ${JSON.stringify(mode)}; it may be Enabled or Disabled.`,
  );
}

function readRollingRate(text: string | null | undefined): RollingRate {
  const rate = rollingRates.find((one) => one === (text ?? 'hour').toLowerCase());
  if (rate !== undefined) return rate;
  throw invalid(`rollingRate is ${JSON.stringify(text)}; it may be ${rollingRates.join(', ')}.`);
}

function nameAndVersion({ id, name }: StoredResource): { name: string; version: string } {
  return { name: id.split('/').at(-3) ?? name, version: name };
}
