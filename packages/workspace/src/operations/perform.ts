import { onlineEndpoint } from '../api/resources.ts';
import type { Operation, ResourceState, StoredResource } from '../catalog/catalog.ts';
import { applyDeployment, removeDeployment } from '../reconcile/reconcile.ts';
import type { ReconcileContext } from '../reconcile/reconcile.ts';
import type { RouteTable } from '../reconcile/routes.ts';
import type { Finish } from './operations.ts';

export interface PerformContext extends ReconcileContext {
  routes: RouteTable;
}

/** Makes the change of an operation real, whether it was begun before or not. */
export async function performOperation(operation: Operation, context: PerformContext): Promise<Finish> {
  const stored = await context.catalog.transact(async (transaction) =>
    transaction.find(operation.resourceId),
  );
  // It was cut after its end was written.
  if (stored === undefined) return async () => undefined;
  if (stored.type === 'onlineEndpoints')
    return operation.kind === 'delete' ? deleteEndpoint(stored, context) : writeEndpoint(stored, context);
  return operation.kind === 'delete' ? deleteDeployment(stored, context) : writeDeployment(stored, context);
}

/** What was to be deleted with its endpoint can be changed again, too. */
export function failOperation({ resourceId, kind }: Operation): Finish {
  if (kind !== 'delete') return setState(resourceId, 'Failed');
  return async (transaction) => {
    const stored = await transaction.find(resourceId);
    if (stored === undefined) return;
    await transaction.put({ ...stored, state: 'Failed' });
    for (const deployment of await transaction.list(stored.id, 'deployments'))
      if (deployment.state === 'Deleting') await transaction.put({ ...deployment, state: 'Failed' });
  };
}

async function writeEndpoint(stored: StoredResource, { routes }: PerformContext): Promise<Finish> {
  await routes.refresh();
  return setState(stored.id, 'Succeeded');
}

async function deleteEndpoint(stored: StoredResource, context: PerformContext): Promise<Finish> {
  await context.routes.refresh();
  const deployments = await context.catalog.transact(async (transaction) =>
    transaction.list(stored.id, 'deployments'),
  );
  await Promise.all(deployments.map(async (one) => removeDeployment(one, context)));
  return async (transaction) => {
    for (const one of deployments) await transaction.remove(one.id);
    await transaction.remove(stored.id);
  };
}

async function writeDeployment(stored: StoredResource, context: PerformContext): Promise<Finish> {
  const plan = await applyDeployment(stored, context);
  const scoringPath =
    plan.program.kind === 'command' ? (plan.program.routes?.scoring?.path ?? '/score') : '/score';
  return async (transaction) => {
    const now = await transaction.find(stored.id);
    if (now === undefined || now.state === 'Deleting') return;
    await transaction.put({ ...now, state: 'Succeeded', applied: { ...stored.body, scoringPath } });
  };
}

async function deleteDeployment(stored: StoredResource, context: PerformContext): Promise<Finish> {
  await removeDeployment(stored, context);
  return async (transaction) => {
    await transaction.remove(stored.id);
    const endpoint = await transaction.find(stored.parentId);
    if (endpoint === undefined) return;
    const body = onlineEndpoint.parse(endpoint.body);
    const { [stored.name]: _, ...traffic } = body.properties.traffic ?? {};
    await transaction.put({
      ...endpoint,
      body: { ...body, properties: { ...body.properties, traffic } },
    });
  };
}

/** A delete that came meanwhile goes on. */
function setState(id: string, state: ResourceState): Finish {
  return async (transaction) => {
    const stored = await transaction.find(id);
    if (stored !== undefined && stored.state !== 'Deleting') await transaction.put({ ...stored, state });
  };
}
