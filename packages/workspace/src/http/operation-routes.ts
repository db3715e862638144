import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import type { Operation } from '../catalog/catalog.ts';
import { notFound } from '../resources/context.ts';
import { requireAccess } from './guard.ts';
import { forAuthenticated, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const params = z.object({ subscription: z.string(), location: z.string(), operation: z.string() });

/** How the end of a long change is told. */
export async function operationRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  /** Who may see the resource may see how a change of it goes. */
  const find = async (id: string, request: FastifyRequest): Promise<Operation> => {
    const found = await context.catalog.transact(async (transaction) => transaction.findOperation(id));
    if (found === undefined) throw notFound(request.url.split('?')[0] ?? '', context.names);
    const scope = found.resourceId;
    const type = scope.includes('/deployments/') ? 'onlineEndpoints/deployments' : 'onlineEndpoints';
    requireAccess(request, { action: `${workspaceActions}/${type}/read`, scope });
    return found;
  };
  const options = { schema: { params }, config: forAuthenticated };
  const status = '/locations/:location/mfeOperationsStatus/:operation';
  server.get(status, options, async (request, reply) => {
    const { params, url } = request;
    const { id, state, error, startedAt, endedAt } = await find(params.operation, request);
    if (state === 'InProgress') void reply.header('retry-after', '1');
    return {
      id: url.split('?')[0],
      name: id,
      status: state,
      startTime: startedAt,
      ...(endedAt === undefined ? {} : { endTime: endedAt }),
      ...(error === undefined ? {} : { error }),
    };
  });
  const result = '/locations/:location/mfeOperationResults/:operation';
  server.get(result, options, async (request, reply) => {
    const { params, url } = request;
    const { state, error } = await find(params.operation, request);
    if (state === 'InProgress')
      return reply
        .status(202)
        .header('retry-after', '1')
        .header('location', `${context.publicUrl}${url}`)
        .send();
    if (state === 'Failed') return reply.status(400).send({ error });
    return reply.status(204).send();
  });
}
