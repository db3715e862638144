import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { onlineEndpoint } from '../api/resources.ts';
import {
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  patchEndpoint,
  putEndpoint,
} from '../resources/endpoints.ts';
import { getToken, listKeys, regenerateKey } from '../resources/endpoint-access.ts';
import { showEndpoint } from '../resources/show.ts';
import { preconditionsOf, sendChanged } from './changes.ts';
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const endpoints = `${workspaceActions}/onlineEndpoints`;
const params = z.object({ endpoint: z.string() });
const patch = z.record(z.string(), z.unknown());
/** In any case, as clients send both. */
const keyChange = z.object({
  keyType: z.string().transform((text, refinement): 'primary' | 'secondary' => {
    const type = text.toLowerCase();
    if (type === 'primary' || type === 'secondary') return type;
    refinement.addIssue({ code: 'custom', message: 'Expected Primary or Secondary.' });
    return z.NEVER;
  }),
  keyValue: z.string().min(32).nullish(),
});

export async function endpointRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  const path = '/onlineEndpoints/:endpoint';
  server.get('/onlineEndpoints', { config: needs(`${endpoints}/read`) }, async () => ({
    value: await listEndpoints(context),
  }));
  server.get(path, { schema: { params }, config: needs(`${endpoints}/read`) }, async ({ params }, reply) => {
    const { stored, shown } = await getEndpoint(params.endpoint, context);
    return reply.header('etag', stored.etag).send(shown);
  });
  const writes = needs(`${endpoints}/write`);
  server.put(path, { schema: { params, body: onlineEndpoint }, config: writes }, async (request, reply) => {
    const { params, body } = request;
    const preconditions = preconditionsOf(request);
    const changed = await putEndpoint({ name: params.endpoint, body, preconditions }, context);
    const shown = showEndpoint(changed.stored, { ...context, deployments: [] });
    return sendChanged(reply, changed, { shown, context });
  });
  server.patch(path, { schema: { params, body: patch }, config: writes }, async (request, reply) => {
    const { params, body } = request;
    const preconditions = preconditionsOf(request);
    const changed = await patchEndpoint({ name: params.endpoint, patch: body, preconditions }, context);
    const shown = showEndpoint(changed.stored, { ...context, deployments: [] });
    return sendChanged(reply, changed, { shown, context });
  });
  server.delete(
    path,
    { schema: { params }, config: needs(`${endpoints}/delete`) },
    async (request, reply) => {
      const preconditions = preconditionsOf(request);
      const changed = await deleteEndpoint({ name: request.params.endpoint, preconditions }, context);
      return changed === undefined ? reply.status(204).send() : sendChanged(reply, changed, { context });
    },
  );
  server.post(
    `${path}/listKeys`,
    { schema: { params }, config: needs(`${endpoints}/listKeys/action`) },
    async ({ params }) => listKeys(params.endpoint, context),
  );
  server.post(
    `${path}/token`,
    { schema: { params }, config: needs(`${endpoints}/token/action`) },
    async ({ params }) => getToken(params.endpoint, context),
  );
  server.post(
    `${path}/regenerateKeys`,
    { schema: { params, body: keyChange }, config: needs(`${endpoints}/regenerateKeys/action`) },
    async ({ params, body: { keyType, keyValue } }, reply) => {
      const refreshRoutes = async () => context.routes.refresh();
      const change = { keyType, keyValue: keyValue ?? undefined };
      await regenerateKey(params.endpoint, change, { ...context, refreshRoutes });
      return reply.status(200).send();
    },
  );
}
