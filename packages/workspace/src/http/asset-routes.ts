import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { codeVersion, dataVersion, environmentVersion, modelVersion } from '../api/resources.ts';
import {
  deleteVersion,
  getAsset,
  getVersion,
  listAssets,
  listVersions,
  putVersion,
} from '../resources/versions.ts';
import { preconditionsOf } from './changes.ts';
import { listQuery, pageOf } from './lists.ts';
import type { ServerContext } from './server.ts';

const named = z.object({ name: z.string() });
const versioned = named.extend({ version: z.string() });

const bodies = {
  data: dataVersion,
  models: modelVersion,
  environments: environmentVersion,
  codes: codeVersion,
} as const;

export async function assetRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  for (const type of ['data', 'models', 'environments', 'codes'] as const) {
    const path = `/${type}/:name`;
    const version = `${path}/versions/:version`;
    server.get(`/${type}`, { schema: { querystring: listQuery } }, async ({ query }) =>
      pageOf(await listAssets(type, context), query),
    );
    server.get(path, { schema: { params: named } }, async ({ params }) =>
      getAsset({ type, ...params }, context),
    );
    server.get(
      `${path}/versions`,
      { schema: { params: named, querystring: listQuery } },
      async ({ params, query }) => pageOf(await listVersions({ type, ...params }, context), query),
    );
    server.get(version, { schema: { params: versioned } }, async ({ params }, reply) => {
      const { stored, shown } = await getVersion({ type, ...params }, context);
      return reply.header('etag', stored.etag).send(shown);
    });
    server.put(version, { schema: { params: versioned, body: bodies[type] } }, async (request, reply) => {
      const preconditions = preconditionsOf(request);
      const change = { type, ...request.params, body: request.body, preconditions };
      const { stored, isNew, shown } = await putVersion(change, context);
      return reply
        .status(isNew ? 201 : 200)
        .header('etag', stored.etag)
        .send(shown);
    });
    server.delete(version, { schema: { params: versioned } }, async ({ params }, reply) => {
      const wasThere = await deleteVersion({ type, ...params }, context);
      return reply.status(wasThere ? 200 : 204).send();
    });
  }
}
