import swagger from '@fastify/swagger';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';

import type { Runtime } from '../api/runtime.ts';
import type { RouteTable } from '../reconcile/routes.ts';
import { notFound } from '../resources/context.ts';
import type { ResourceContext } from '../resources/context.ts';
import { isSame } from '../resources/ids.ts';
import { assetRoutes } from './asset-routes.ts';
import { createCallerCheck } from './callers.ts';
import { datastoreRoutes } from './datastore-routes.ts';
import { deploymentRoutes } from './deployment-routes.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { answerError } from './errors.ts';
import { operationRoutes } from './operation-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { workspaceRoutes } from './workspace-routes.ts';

export interface ServerContext extends ResourceContext {
  runtime: Runtime;
  routes: RouteTable;
  /** Where `workspaceblobstore` rests. */
  defaultDatastoreFolder: string;
  /** Makes running deployments what the catalog says now, in the background of the caller. */
  reapply: () => Promise<void>;
  /** Told of errors that are our own fault. */
  onInternalError: (error: unknown, request: { method: string; url: string }) => void;
}

const maxBodyBytes = 1024 ** 2;
const provider = '/providers/Microsoft.MachineLearningServices';

/** The REST interface, not listening yet. */
export async function createServer(context: ServerContext): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 1024 },
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  const parseJson = server.getDefaultJsonParser('error', 'error');
  // Clients send the type with calls that have no body, too.
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body.length === 0 ? done(null, undefined) : parseJson(request, String(body), done),
  );
  server.setErrorHandler((error, request, reply) => sendError(error, { request, reply, context }));
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    return sendError(notFound(path, context.names), { request, reply, context });
  });
  const checkCaller = createCallerCheck(context.publicUrl);
  server.addHook('onRequest', async ({ headers }) => checkCaller(headers));
  await server.register(swagger, {
    openapi: { info: { title: 'Gleaner workspace', version: '1' } },
    transform: jsonSchemaTransform,
  });
  await server.register(async (scope) => workspaceRoutes(scope, context));
  await server.register(async (scope) => operationRoutes(scope, context), {
    prefix: `/subscriptions/:subscription${provider}`,
  });
  await server.register(
    async (scope) => {
      scope.addHook('onRequest', async (request) => checkWorkspace(request, context));
      await scope.register(async (inner) => endpointRoutes(inner, context));
      await scope.register(async (inner) => deploymentRoutes(inner, context));
      await scope.register(async (inner) => datastoreRoutes(inner, context));
      await scope.register(async (inner) => assetRoutes(inner, context));
      await scope.register(async (inner) => uploadRoutes(inner, context));
    },
    { prefix: `/subscriptions/:subscription/resourceGroups/:group${provider}/workspaces/:workspace` },
  );
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  await server.ready();
  return server;
}

function checkWorkspace({ params }: FastifyRequest, { names, ids }: ServerContext): void {
  const { subscription, group, workspace } = params as Record<string, string>;
  const isOurs =
    isSame(subscription, names.subscriptionId) &&
    isSame(group, names.resourceGroup) &&
    isSame(workspace, names.workspace);
  if (isOurs) return;
  throw notFound(ids.workspace.replace(/[^/]+$/, workspace ?? ''), { ...names, resourceGroup: group ?? '' });
}

function sendError(
  error: unknown,
  { request, reply, context }: { request: FastifyRequest; reply: FastifyReply; context: ServerContext },
): FastifyReply {
  const { status, body } = answerError(error);
  if (status >= 500) context.onInternalError(error, { method: request.method, url: request.url });
  return reply.status(status).send(body);
}
