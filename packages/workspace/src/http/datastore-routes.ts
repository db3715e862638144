import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { datastore } from '../api/resources.ts';
import {
  deleteDatastore,
  getDatastore,
  listDatastores,
  listSecrets,
  putDatastore,
} from '../resources/datastores.ts';
import { preconditionsOf } from './changes.ts';
import { listQuery, pageOf } from './lists.ts';
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const datastores = `${workspaceActions}/datastores`;
const params = z.object({ name: z.string() });

export async function datastoreRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  const path = '/datastores/:name';
  server.get(
    '/datastores',
    { schema: { querystring: listQuery }, config: needs(`${datastores}/read`) },
    async ({ query }) => pageOf(await listDatastores(context), query),
  );
  server.get(path, { schema: { params }, config: needs(`${datastores}/read`) }, async ({ params }, reply) => {
    const { stored, shown } = await getDatastore(params.name, context);
    return reply.header('etag', stored.etag).send(shown);
  });
  server.put(
    path,
    { schema: { params, body: datastore }, config: needs(`${datastores}/write`) },
    async (request, reply) => {
      const change = {
        name: request.params.name,
        body: request.body,
        preconditions: preconditionsOf(request),
      };
      const { stored, isNew, shown } = await putDatastore(change, context);
      // Collectors get the new credentials; whether they work, the collectors tell.
      if (!isNew) void context.datastoreChanged(stored.name);
      return reply
        .status(isNew ? 201 : 200)
        .header('etag', stored.etag)
        .send(shown);
    },
  );
  server.delete(
    path,
    { schema: { params }, config: needs(`${datastores}/delete`) },
    async ({ params }, reply) => {
      const wasThere = await deleteDatastore(params.name, context);
      return reply.status(wasThere ? 200 : 204).send();
    },
  );
  server.post(
    `${path}/listSecrets`,
    { schema: { params }, config: needs(`${datastores}/listSecrets/action`) },
    async ({ params }) => listSecrets(params.name, context),
  );
}
