import type { FastifyReply, FastifyRequest } from 'fastify';

import type { JsonObject } from '../catalog/catalog.ts';
import type { Changed, Preconditions, ResourceContext } from '../resources/context.ts';

const retryAfterSeconds = '1';

export function preconditionsOf({ headers }: FastifyRequest): Preconditions {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  };
}

/** 201 or 200 with the resource, or 202 without; the headers say where its end is told. */
export function sendChanged(
  reply: FastifyReply,
  { stored, isNew, operation }: Changed,
  { shown, context }: { shown?: JsonObject; context: ResourceContext },
): FastifyReply {
  void reply.header('etag', stored.etag);
  if (operation !== undefined) {
    const { publicUrl, names, location } = context;
    const base = `${publicUrl}/subscriptions/${names.subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${location}`;
    void reply
      .header('azure-asyncoperation', `${base}/mfeOperationsStatus/${operation.id}`)
      .header('location', `${base}/mfeOperationResults/${operation.id}`)
      .header('retry-after', retryAfterSeconds);
  }
  if (shown === undefined) return reply.status(202).send();
  return reply.status(isNew ? 201 : 200).send(shown);
}
