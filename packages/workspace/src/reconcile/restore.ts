/** Brings back what ran, and keeps at it: what a deployment needs may come later than the workspace. */
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { GleanerError } from '@gleaner/protocol';

import { onlineDeployment } from '../api/resources.ts';
import type { Operation, ResourceState, StoredResource } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import type { WorkspaceEvents } from '../events.ts';
import type { Operations } from '../operations/operations.ts';
import { operationError } from '../operations/operations.ts';
import { datastoresOf, readParts } from './parts.ts';
import { applyNow, deploymentNames } from './reconcile.ts';
import type { ReconcileContext } from './reconcile.ts';
import type { RouteTable } from './routes.ts';

export interface RestoreContext extends ReconcileContext {
  routes: RouteTable;
  operations: Operations;
  /** Aborted when the workspace closes: what ends then says nothing. */
  signal: AbortSignal;
  events: WorkspaceEvents;
}

export interface Restorer {
  /**
   * At a start, before any operation: the routes, then what was running before, then the operations that were `cut`. A deployment
   * that cannot be brought back is `Failed` until it can; the others do not wait for it.
   */
  start(cut: readonly Operation[]): Promise<void>;
  /** Deployments that use it get it as it is now, one after the other; where nothing is new for one, it does not notice. */
  datastoreChanged(name: string): Promise<void>;
}

/** How an attempt ended: `changing` when an operation has its end yet to tell. */
type Attempt = 'over' | 'changing' | 'failed';

interface Pursuit {
  isAskedAgain: boolean;
  /** Ends the pause before the next attempt. */
  hurry: AbortController;
}

interface AttemptOptions {
  /** No operation works on what is being changed. */
  isCut: boolean;
  /** Of the plan: it ends when the deployment is ready, or something else is asked for. */
  isRestored: boolean;
}

const changingIntervalMs = 500;
const firstRetryMs = 1000;
const maxRetryMs = 60_000;

export function createRestorer(context: RestoreContext): Restorer {
  const { catalog, routes, operations, signal, events } = context;
  const pursuits = new Map<string, Pursuit>();

  /** Resolves after the first attempt; goes on until the deployment runs as it did, or is not to run any more. */
  const pursue = async (id: string, options: AttemptOptions): Promise<void> => {
    const known = pursuits.get(id);
    if (known !== undefined) {
      known.isAskedAgain = true;
      known.hurry.abort();
      return;
    }
    const pursuit: Pursuit = { isAskedAgain: false, hurry: new AbortController() };
    pursuits.set(id, pursuit);
    const end = await attempt(id, { ...context, ...options });
    void goOn(id, pursuit, end);
  };
  const goOn = async (id: string, pursuit: Pursuit, first: Attempt): Promise<void> => {
    let end = first;
    let retryMs = firstRetryMs;
    while ((end !== 'over' || pursuit.isAskedAgain) && !signal.aborted) {
      if (!pursuit.isAskedAgain) {
        const pauseMs = end === 'failed' ? retryMs : changingIntervalMs;
        if (end === 'failed') retryMs = Math.min(2 * retryMs, maxRetryMs);
        await pause(pauseMs, AbortSignal.any([signal, pursuit.hurry.signal]));
      }
      pursuit.isAskedAgain = false;
      pursuit.hurry = new AbortController();
      if (!signal.aborted) end = await attempt(id, { ...context, isCut: false, isRestored: false });
    }
    pursuits.delete(id);
  };
  const select = async (
    isWanted: (stored: StoredResource) => Promise<boolean>,
  ): Promise<StoredResource[]> => {
    try {
      const all = await catalog.transact(async (transaction) => transaction.listAll('deployments'));
      const wanted: StoredResource[] = [];
      for (const stored of all) if (await isWanted(stored)) wanted.push(stored);
      return wanted;
    } catch (error) {
      if (!signal.aborted) events.restoreFailed(undefined, error, 'the catalog does not answer');
      return [];
    }
  };
  return {
    async start(cut) {
      try {
        await routes.refresh();
      } catch (error) {
        if (!signal.aborted) events.routesFailed(error);
      }
      const deployments = await select(async ({ applied }) => applied !== undefined);
      // What an operation goes on with afterwards is tried once; the runtime never gives up the rest.
      const cutIds = new Set(cut.map(({ resourceId }) => resourceId.toLowerCase()));
      const tried = new Map(
        deployments.map(({ id }) => {
          const isRestored = !cutIds.has(id.toLowerCase());
          return [id.toLowerCase(), pursue(id, { isCut: true, isRestored })] as const;
        }),
      );
      const started = cut.map(async (operation) => {
        await tried.get(operation.resourceId.toLowerCase());
        if (!signal.aborted) operations.start(operation);
      });
      await Promise.all([...tried.values(), ...started]);
    },
    async datastoreChanged(name) {
      for (const { id } of await select(async (stored) => usesDatastore(stored, name, context)))
        await pursue(id, { isCut: false, isRestored: false });
    },
  };
}

/** In a turn of the deployment, by what the catalog says then. */
async function attempt(id: string, context: RestoreContext & AttemptOptions): Promise<Attempt> {
  const { catalog, turns, events, signal: closing, isCut, isRestored } = context;
  try {
    return await turns.take(id, async (signal) => {
      const stored = await catalog.transact(async (transaction) => transaction.find(id));
      if (stored === undefined || stored.state === 'Deleting') return 'over';
      // Its operation may have applied something newer already, and will say so.
      if (!isCut && (stored.state === 'Creating' || stored.state === 'Updating')) return 'changing';
      if (stored.applied === undefined) return 'over';
      await applyNow(stored, stored.applied, { ...context, signal, isRestored });
      if (signal.aborted) return 'changing';
      if (isAsWritten(stored)) await replaceState(stored, { from: 'Failed', to: 'Succeeded' }, context);
      if (!closing.aborted) events.applied(stored.id);
      return 'over';
    });
  } catch (error) {
    if (closing.aborted) return 'over';
    if (error instanceof WorkspaceError && error.code === 'resource_busy') return 'changing';
    events.restoreFailed(id, error, operationError(error).message);
    await replaceState({ id }, { from: 'Succeeded', to: 'Failed' }, context).catch((problem: unknown) =>
      events.restoreFailed(id, problem, 'the catalog does not answer'),
    );
    return 'failed';
  }
}

/** A change that goes on meanwhile says what it is at its end. */
async function replaceState(
  { id }: Pick<StoredResource, 'id'>,
  { from, to }: { from: ResourceState; to: ResourceState },
  { catalog }: RestoreContext,
): Promise<void> {
  await catalog.transact(async (transaction) => {
    const now = await transaction.find(id);
    if (now?.state === from) await transaction.put({ ...now, state: to });
  });
}

/** What was applied is what the user wrote last: a failed update leaves another body. */
function isAsWritten({ body, applied }: StoredResource): boolean {
  const { scoringPath: _, ...rest } = applied ?? {};
  return isDeepStrictEqual(rest, body);
}

async function usesDatastore(
  stored: StoredResource,
  datastore: string,
  context: RestoreContext,
): Promise<boolean> {
  for (const body of [stored.applied, stored.body]) {
    if (body === undefined) continue;
    const { properties } = onlineDeployment.parse(body);
    try {
      const parts = await context.catalog.transact(async (transaction) =>
        readParts(deploymentNames(stored), properties, { ...context, transaction }),
      );
      if (datastoresOf(parts).has(datastore.toLowerCase())) return true;
    } catch (error) {
      // What it names is not there: that it uses the datastore cannot be told, and nothing new would run.
      if (!(error instanceof GleanerError)) throw error;
    }
  }
  return false;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
}
