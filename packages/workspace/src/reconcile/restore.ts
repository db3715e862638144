import type { Operation, StoredResource } from '../catalog/catalog.ts';
import type { WorkspaceEvents } from '../events.ts';
import type { Operations } from '../operations/operations.ts';
import { operationError } from '../operations/operations.ts';
import { applyDeployment } from './reconcile.ts';
import type { ReconcileContext } from './reconcile.ts';
import type { RouteTable } from './routes.ts';

export interface RestoreContext extends ReconcileContext {
  routes: RouteTable;
  operations: Operations;
  /** Aborted when the workspace closes: what ends then says nothing. */
  signal: AbortSignal;
  events: WorkspaceEvents;
}

/**
 * At a start: the routes, then what was running before, then the operations that were `cut`. A deployment that cannot be
 * brought back is `Failed`, and the others go on.
 */
export async function restoreRuntime(cut: readonly Operation[], context: RestoreContext): Promise<void> {
  const { routes, operations, signal, events } = context;
  try {
    await routes.refresh();
  } catch (error) {
    if (!signal.aborted) events.routesFailed(error);
  }
  const restored = reapplyDeployments(context);
  for (const operation of cut) operations.start(operation);
  await restored;
}

/** All that run, as the catalog has them now; those whose plan is the same do not notice. */
export async function reapplyDeployments(
  context: Omit<RestoreContext, 'operations' | 'routes'>,
): Promise<void> {
  const { catalog, signal, events } = context;
  try {
    const deployments = await catalog.transact(async (transaction) => transaction.listAll('deployments'));
    await Promise.all(deployments.map(async (stored) => reapply(stored, context)));
  } catch (error) {
    if (!signal.aborted) events.restoreFailed(undefined, error, 'the catalog does not answer');
  }
}

async function reapply(
  stored: StoredResource,
  context: Omit<RestoreContext, 'operations' | 'routes'>,
): Promise<void> {
  const { catalog, signal, events } = context;
  if (stored.applied === undefined || stored.state === 'Deleting') return;
  try {
    await applyDeployment(stored, stored.applied, context);
    if (!signal.aborted) events.applied(stored.id);
  } catch (error) {
    if (signal.aborted) return;
    events.restoreFailed(stored.id, error, operationError(error).message);
    await catalog.transact(async (transaction) => {
      const now = await transaction.find(stored.id);
      // A change that goes on meanwhile says what it is at its end.
      if (now?.state === 'Succeeded') await transaction.put({ ...now, state: 'Failed' });
    });
  }
}
