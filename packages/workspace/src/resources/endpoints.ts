import { endpointNameProblem } from '@gleaner/protocol';

import { onlineEndpoint } from '../api/resources.ts';
import type { OnlineEndpoint } from '../api/resources.ts';
import type { JsonObject } from '../catalog/catalog.ts';
import { invalid } from '../errors.ts';
import { makeEndpointKeys } from '../secrets/endpoint-keys.ts';
import { checkIdle, checkPreconditions, requireResource } from './context.ts';
import type { Changed, Preconditions, ResourceContext } from './context.ts';
import { showEndpoint } from './show.ts';
import { checkTraffic } from './traffic.ts';
import { mergePatch, withoutAnswered } from './bodies.ts';

const type = 'onlineEndpoints';

export async function listEndpoints(context: ResourceContext): Promise<JsonObject[]> {
  return context.catalog.transact(async (transaction) => {
    const endpoints = await transaction.list(context.ids.root, type);
    return Promise.all(
      endpoints.map(async (one) =>
        showEndpoint(one, { ...context, deployments: await transaction.list(one.id, 'deployments') }),
      ),
    );
  });
}

export async function getEndpoint(name: string, context: ResourceContext) {
  return context.catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, context.ids.endpoint(name), context);
    const deployments = await transaction.list(stored.id, 'deployments');
    return { stored, shown: showEndpoint(stored, { ...context, deployments }) };
  });
}

/** Makes it, or replaces what it is. */
export async function putEndpoint(
  { name, body, preconditions }: { name: string; body: OnlineEndpoint; preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed> {
  const problem = endpointNameProblem(name);
  if (problem !== undefined) throw invalid(problem);
  return change({ name, preconditions, make: () => body }, context);
}

/** Merges as RFC 7396 has it; traffic is replaced as a whole, as its numbers belong together. */
export async function patchEndpoint(
  { name, patch, preconditions }: { name: string; patch: JsonObject; preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed> {
  return change(
    {
      name,
      preconditions,
      make: (before) =>
        onlineEndpoint.parse(mergePatch({ ...before }, patch, { whole: ['traffic', 'mirrorTraffic'] })),
      mustExist: true,
    },
    context,
  );
}

/** With all its deployments, whatever goes on with them. `undefined`: there is none. */
export async function deleteEndpoint(
  { name, preconditions }: { name: string; preconditions: Preconditions },
  context: ResourceContext,
): Promise<Changed | undefined> {
  const { catalog, ids, operations } = context;
  const changed = await catalog.transact(async (transaction) => {
    const before = await transaction.find(ids.endpoint(name));
    if (before === undefined) return undefined;
    checkPreconditions(before, preconditions);
    checkIdle(before, `Endpoint ${before.name}`);
    for (const deployment of await transaction.list(before.id, 'deployments'))
      await transaction.put({ ...deployment, state: 'Deleting' });
    const stored = await transaction.put({ ...before, state: 'Deleting' });
    const operation = await operations.begin(transaction, { resourceId: stored.id, kind: 'delete' });
    return { stored, isNew: false, operation };
  });
  if (changed !== undefined) operations.start(changed.operation);
  return changed;
}

interface EndpointChange {
  name: string;
  preconditions: Preconditions;
  make: (before: JsonObject | undefined) => OnlineEndpoint;
  mustExist?: boolean;
}

async function change(
  { name, preconditions, make, mustExist = false }: EndpointChange,
  context: ResourceContext,
): Promise<Changed> {
  const { catalog, ids, operations, secrets } = context;
  const id = ids.endpoint(name);
  const changed = await catalog.transact(async (transaction) => {
    const before = mustExist ? await requireResource(transaction, id, context) : await transaction.find(id);
    checkPreconditions(before, preconditions);
    checkIdle(before, `Endpoint ${name}`);
    const made = withoutAnswered(make(before?.body));
    const body = {
      ...made,
      properties: await checkTraffic(transaction, { id, properties: made.properties }),
    };
    const isNew = before === undefined;
    const stored = await transaction.put({
      id,
      type,
      parentId: ids.root,
      name,
      body,
      state: isNew ? 'Creating' : 'Updating',
    });
    if (isNew) await secrets.write(transaction, id, makeEndpointKeys());
    const operation = await operations.begin(transaction, {
      resourceId: id,
      kind: isNew ? 'create' : 'update',
    });
    return { stored, isNew, operation };
  });
  operations.start(changed.operation);
  return changed;
}
