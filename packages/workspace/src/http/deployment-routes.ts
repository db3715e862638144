import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { onlineDeployment } from '../api/resources.ts';
import type { ContainerName } from '../api/runtime.ts';
import {
  deleteDeployment,
  getDeployment,
  listDeployments,
  patchDeployment,
  putDeployment,
} from '../resources/deployments.ts';
import { showDeployment } from '../resources/show.ts';
import { preconditionsOf, sendChanged } from './changes.ts';
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const deployments = `${workspaceActions}/onlineEndpoints/deployments`;
const params = z.object({ endpoint: z.string(), deployment: z.string() });
const patch = z.record(z.string(), z.unknown());
const maxLogLines = 100_000;
const defaultLogLines = 5000;

const containers: Readonly<Record<string, ContainerName>> = {
  inferenceserver: 'inference-server',
  storageinitializer: 'storage-initializer',
  modeldatacollector: 'model-data-collector',
};
const logRequest = z
  .object({
    containerType: z
      .string()
      .nullish()
      .transform((text, refinement): ContainerName => {
        const container = containers[(text ?? 'InferenceServer').replaceAll('-', '').toLowerCase()];
        if (container !== undefined) return container;
        refinement.addIssue({
          code: 'custom',
          message: 'Expected InferenceServer, StorageInitializer or ModelDataCollector.',
        });
        return z.NEVER;
      }),
    tail: z.number().int().min(1).max(maxLogLines).nullish(),
  })
  .nullish();

export async function deploymentRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  const list = '/onlineEndpoints/:endpoint/deployments';
  const path = `${list}/:deployment`;
  server.get(
    list,
    { schema: { params: params.pick({ endpoint: true }) }, config: needs(`${deployments}/read`) },
    async ({ params }) => ({
      value: await listDeployments(params.endpoint, context),
    }),
  );
  server.get(
    path,
    { schema: { params }, config: needs(`${deployments}/read`) },
    async ({ params }, reply) => {
      const { stored, shown } = await getDeployment(params, context);
      return reply.header('etag', stored.etag).send(shown);
    },
  );
  const writes = needs(`${deployments}/write`);
  server.put(path, { schema: { params, body: onlineDeployment }, config: writes }, async (request, reply) => {
    const { params, body } = request;
    const changed = await putDeployment(
      { ...params, body, preconditions: preconditionsOf(request) },
      context,
    );
    return sendChanged(reply, changed, { shown: showDeployment(changed.stored, context), context });
  });
  server.patch(path, { schema: { params, body: patch }, config: writes }, async (request, reply) => {
    const change = { ...request.params, patch: request.body, preconditions: preconditionsOf(request) };
    const changed = await patchDeployment(change, context);
    return sendChanged(reply, changed, { shown: showDeployment(changed.stored, context), context });
  });
  server.delete(
    path,
    { schema: { params }, config: needs(`${deployments}/delete`) },
    async (request, reply) => {
      const preconditions = preconditionsOf(request);
      const changed = await deleteDeployment({ ...request.params, preconditions }, context);
      return changed === undefined ? reply.status(204).send() : sendChanged(reply, changed, { context });
    },
  );
  const logs = needs(`${deployments}/getLogs/action`);
  server.post(
    `${path}/getLogs`,
    { schema: { params, body: logRequest }, config: logs },
    async ({ params, body }) => {
      const { stored } = await getDeployment(params, context);
      const names = { endpoint: stored.id.split('/').at(-3) ?? params.endpoint, deployment: stored.name };
      const options = {
        container: body?.containerType ?? 'inference-server',
        lines: body?.tail ?? defaultLogLines,
      };
      return { content: await context.runtime.logs(names, options) };
    },
  );
}
