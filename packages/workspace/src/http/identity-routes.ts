import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import {
  findIdentity,
  identityBody,
  identityType,
  listIdentities,
  putIdentity,
  removeIdentity,
  showIdentity,
} from '../access/identities.ts';
import { notFound } from '../resources/context.ts';
import { isSame } from '../resources/ids.ts';
import { needs } from './route-access.ts';
import type { ServerContext } from './server.ts';

const inGroup = z.object({ subscription: z.string(), group: z.string() });
const named = inGroup.extend({ identity: z.string() });

export async function identityRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  const { catalog, names, tenantId } = context;
  const group = `/subscriptions/${names.subscriptionId}/resourceGroups/${names.resourceGroup}`;
  const list = `/subscriptions/:subscription/resourceGroups/:group/providers/${identityType}`;
  const isOurs = (params: z.infer<typeof inGroup>) =>
    isSame(params.subscription, names.subscriptionId) && isSame(params.group, names.resourceGroup);
  const requireOurs = (params: z.infer<typeof named>): { group: string; name: string } => {
    if (isOurs(params)) return { group, name: params.identity };
    throw notFound(`/providers/${identityType}/${params.identity}`, {
      ...names,
      resourceGroup: params.group,
    });
  };

  const reads = needs(`${identityType}/read`);
  server.get(list, { schema: { params: inGroup }, config: reads }, async ({ params }) => {
    if (!isOurs(params)) return { value: [] };
    const stored = await catalog.transact(async (transaction) => listIdentities(transaction, group));
    return { value: stored.map((one) => showIdentity(one, tenantId)) };
  });
  const path = `${list}/:identity`;
  server.get(path, { schema: { params: named }, config: reads }, async ({ params }) => {
    const place = requireOurs(params);
    const stored = await catalog.transact(async (transaction) => findIdentity(transaction, place));
    if (stored === undefined) throw notFound(`/providers/${identityType}/${params.identity}`, names);
    return showIdentity(stored, tenantId);
  });
  const writes = needs(`${identityType}/write`);
  server.put(
    path,
    { schema: { params: named, body: identityBody }, config: writes },
    async (request, reply) => {
      const draft = { ...requireOurs(request.params), body: request.body, tenantId };
      const { isNew, shown } = await catalog.transact(async (transaction) => putIdentity(transaction, draft));
      return reply.status(isNew ? 201 : 200).send(shown);
    },
  );
  const deletes = needs(`${identityType}/delete`);
  server.delete(path, { schema: { params: named }, config: deletes }, async ({ params }, reply) => {
    const place = requireOurs(params);
    const wasThere = await catalog.transact(async (transaction) => removeIdentity(transaction, place));
    return reply.status(wasThere ? 200 : 204).send();
  });
}
