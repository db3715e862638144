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
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const named = z.object({ name: z.string() });
const versioned = named.extend({ version: z.string() });

const versionQuery = listQuery.extend({ hash: z.string().optional() });

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
    const assets = `${workspaceActions}/${type}`;
    const reads = needs(`${assets}/versions/read`);
    server.get(
      `/${type}`,
      { schema: { querystring: listQuery }, config: needs(`${assets}/read`) },
      async ({ query }) => pageOf(await listAssets(type, context), query),
    );
    server.get(path, { schema: { params: named }, config: needs(`${assets}/read`) }, async ({ params }) =>
      getAsset({ type, ...params }, context),
    );
    server.get(
      `${path}/versions`,
      { schema: { params: named, querystring: versionQuery }, config: reads },
      async ({ params, query }) =>
        // Clients of the original look for code of the same hash, to spare the upload: it is sent again.
        query.hash === undefined
          ? pageOf(await listVersions({ type, ...params }, context), query)
          : { value: [] },
    );
    server.get(version, { schema: { params: versioned }, config: reads }, async ({ params }, reply) => {
      const { stored, shown } = await getVersion({ type, ...params }, context);
      return reply.header('etag', stored.etag).send(shown);
    });
    const writes = needs(`${assets}/versions/write`);
    server.put(
      version,
      { schema: { params: versioned, body: bodies[type] }, config: writes },
      async (request, reply) => {
        const preconditions = preconditionsOf(request);
        const change = { type, ...request.params, body: request.body, preconditions };
        const { stored, isNew, shown } = await putVersion(change, context);
        return reply
          .status(isNew ? 201 : 200)
          .header('etag', stored.etag)
          .send(shown);
      },
    );
    server.delete(
      version,
      { schema: { params: versioned }, config: needs(`${assets}/versions/delete`) },
      async ({ params }, reply) => {
        const wasThere = await deleteVersion({ type, ...params }, context);
        return reply.status(wasThere ? 200 : 204).send();
      },
    );
  }
}
