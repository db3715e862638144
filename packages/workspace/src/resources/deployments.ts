import { canonicalCollectionName, defaultCollectionUri, deploymentNameProblem } from '@gleaner/protocol';

import { onlineDeployment } from '../api/resources.ts';
import type { OnlineDeployment } from '../api/resources.ts';
import type { CatalogTransaction, JsonObject } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { defaultAssetName } from '../reconcile/parts.ts';
import { checkDeployment } from '../reconcile/reconcile.ts';
import { longUri } from './azureml-paths.ts';
import { mergePatch, withoutAnswered } from './bodies.ts';
import { checkIdle, checkNotDeleting, checkPreconditions, requireResource } from './context.ts';
import type { Changed, Preconditions, ResourceContext } from './context.ts';
import { checkNoTraffic } from './traffic.ts';
import { showDeployment } from './show.ts';

const type = 'deployments';

export interface DeploymentKey {
  endpoint: string;
  deployment: string;
}

export async function listDeployments(endpoint: string, context: ResourceContext): Promise<JsonObject[]> {
  return context.catalog.transact(async (transaction) => {
    const parent = await requireResource(transaction, context.ids.endpoint(endpoint), context);
    return (await transaction.list(parent.id, type)).map((one) => showDeployment(one, context));
  });
}

export async function getDeployment({ endpoint, deployment }: DeploymentKey, context: ResourceContext) {
  return context.catalog.transact(async (transaction) => {
    const id = context.ids.deployment(endpoint, deployment);
    const stored = await requireResource(transaction, id, context);
    return { stored, shown: showDeployment(stored, context) };
  });
}

/** Makes it, or replaces what it is by a rolling update. */
export async function putDeployment(
  { body, ...rest }: DeploymentKey & { body: OnlineDeployment; preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed> {
  const problem = deploymentNameProblem(rest.deployment);
  if (problem !== undefined) throw invalid(problem);
  return change({ ...rest, make: () => body }, context);
}

/** Merges as RFC 7396 has it. */
export async function patchDeployment(
  { patch, ...rest }: DeploymentKey & { patch: JsonObject; preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed> {
  const make = (before: JsonObject | undefined) => onlineDeployment.parse(mergePatch({ ...before }, patch));
  return change({ ...rest, make, mustExist: true }, context);
}

/** Ends a change that goes on. `undefined`: there is none. Errors: `resource_in_use` when it has traffic. */
export async function deleteDeployment(
  { endpoint, deployment, preconditions }: DeploymentKey & { preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed | undefined> {
  const { catalog, ids, operations } = context;
  const changed = await catalog.transact(async (transaction) => {
    const before = await transaction.find(ids.deployment(endpoint, deployment));
    if (before === undefined) return undefined;
    checkPreconditions(before, preconditions);
    checkNotDeleting(before, `Deployment ${before.name}`);
    const parent = await requireResource(transaction, before.parentId, context);
    checkNoTraffic(parent, before.name);
    const stored = await transaction.put({ ...before, state: 'Deleting' });
    const operation = await operations.begin(transaction, { resourceId: stored.id, kind: 'delete' });
    return { stored, isNew: false, operation };
  });
  if (changed !== undefined) operations.start(changed.operation);
  return changed;
}

interface DeploymentChange extends DeploymentKey {
  preconditions: Preconditions;
  make: (before: JsonObject | undefined) => OnlineDeployment;
  mustExist?: boolean;
}

async function change(
  { endpoint, deployment, preconditions, make, mustExist = false }: DeploymentChange,
  context: ResourceContext,
): Promise<Changed> {
  const { catalog, ids, operations } = context;
  const changed = await catalog.transact(async (transaction) => {
    const parent = await requireResource(transaction, ids.endpoint(endpoint), context);
    if (parent.state === 'Deleting')
      throw new WorkspaceError('resource_busy', `Endpoint ${parent.name} is being deleted.`);
    const id = ids.deployment(parent.name, deployment);
    const before = mustExist ? await requireResource(transaction, id, context) : await transaction.find(id);
    checkPreconditions(before, preconditions);
    checkIdle(before, `Deployment ${deployment}`);
    const made = withoutAnswered(make(before?.body));
    const named = { id: before?.id ?? id, name: before?.name ?? deployment };
    await checkDeployment(named, made, { ...context, transaction });
    const body = await registerAssets(made, {
      transaction,
      endpoint: parent.name,
      name: named.name,
      context,
    });
    const isNew = before === undefined;
    const stored = await transaction.put({
      ...named,
      type,
      parentId: parent.id,
      body,
      state: isNew ? 'Creating' : 'Updating',
    });
    const operation = await operations.begin(transaction, {
      resourceId: stored.id,
      kind: isNew ? 'create' : 'update',
    });
    return { stored, isNew, operation };
  });
  operations.start(changed.operation);
  return changed;
}

/** What the client of the original does for every collection; who comes with REST alone need not know of it. */
async function registerAssets<Body extends Pick<OnlineDeployment, 'properties'>>(
  body: Body,
  {
    transaction,
    endpoint,
    name,
    context: { ids },
  }: { transaction: CatalogTransaction; endpoint: string; name: string; context: ResourceContext },
): Promise<Body> {
  const { dataCollector } = body.properties;
  if (!dataCollector) return body;
  const collections: typeof dataCollector.collections = {};
  for (const [given, collection] of Object.entries(dataCollector.collections)) {
    const key = canonicalCollectionName(given);
    const asset = {
      name: defaultAssetName({ endpoint, deployment: name }, key),
      version: '1',
    };
    const dataId = collection.dataId || ids.version('data', asset);
    if (!collection.dataId && (await transaction.find(dataId)) === undefined) {
      const uri = defaultCollectionUri({ endpoint, deployment: name, collection: key });
      await transaction.put({
        id: dataId,
        type: 'data',
        parentId: ids.asset('data', asset.name),
        name: asset.version,
        body: { properties: { dataUri: longUri(uri, ids), dataType: 'uri_folder' } },
        state: 'Succeeded',
      });
    }
    collections[key] = { ...collection, dataId };
  }
  return { ...body, properties: { ...body.properties, dataCollector: { ...dataCollector, collections } } };
}
