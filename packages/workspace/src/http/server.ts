import swagger from '@fastify/swagger';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';

import type { Runtime } from '../api/runtime.ts';
import type { RouteTable } from '../reconcile/routes.ts';
import { notFound } from '../resources/context.ts';
import type { ResourceContext } from '../resources/context.ts';
import { defaultDatastore } from '../resources/datastores.ts';
import { isSame } from '../resources/ids.ts';
import { openBlobs } from '../artifacts/blobs.ts';
import { createUploadGrants } from '../artifacts/upload-grant.ts';
import { assetRoutes } from './asset-routes.ts';
import { speakToAzureClients } from './azure-client.ts';
import { blobRoutes } from './blob-routes.ts';
import { createCallerCheck } from './callers.ts';
import { datastoreRoutes } from './datastore-routes.ts';
import { deploymentRoutes } from './deployment-routes.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { answerError } from './errors.ts';
import { guardRoutes } from './guard.ts';
import type { GuardContext } from './guard.ts';
import { identityRoutes } from './identity-routes.ts';
import { metadataRoutes } from './metadata-routes.ts';
import { operationRoutes } from './operation-routes.ts';
import { pendingUploadRoutes } from './pending-upload-routes.ts';
import { principalRoutes } from './principal-routes.ts';
import { createRequestAddress } from './request-address.ts';
import { roleRoutes } from './role-routes.ts';
import { forAnyone, forAuthenticated } from './route-access.ts';
import { uploadRoutes } from './upload-routes.ts';
import { workspaceRoutes } from './workspace-routes.ts';

export interface ServerContext extends ResourceContext, GuardContext {
  /** UUID of this workspace. */
  tenantId: string;
  runtime: Runtime;
  routes: RouteTable;
  /** Where `workspaceblobstore` rests. */
  defaultDatastoreFolder: string;
  /** Gives the datastore as it is now to the deployments that use it, in the background of the caller. */
  datastoreChanged: (name: string) => Promise<void>;
  /** Told of errors that are our own fault. */
  onInternalError: (error: unknown, request: { method: string; url: string }) => void;
}

const maxBodyBytes = 1024 ** 2;
const provider = '/providers/Microsoft.MachineLearningServices';

/** The REST interface, not listening yet. */
export async function createServer(options: ServerContext): Promise<FastifyInstance> {
  const address = createRequestAddress(options.publicUrl);
  const context: ServerContext = {
    ...options,
    get publicUrl() {
      return address.current;
    },
  };
  const { catalog, secrets, now } = context;
  const uploads = `${context.defaultDatastoreFolder}.uploads`;
  const blobs = await openBlobs({ root: context.defaultDatastoreFolder, folder: uploads, now });
  const resourceId = `${context.ids.datastore(defaultDatastore)}/uploads`;
  const grants = createUploadGrants({ catalog, secrets, resourceId, now });
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
  const checkHost = createCallerCheck(options.publicUrl);
  server.addHook('onRequest', async (request) => {
    const { host, origin } = request.headers;
    checkHost({ host });
    createCallerCheck(address.of(request))({ host, origin });
  });
  server.addHook('onRequest', (request, reply, done) => {
    // What is answered is about now, and may have keys in it.
    void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    address.run(request, done);
  });
  guardRoutes(server, context);
  await server.register(swagger, {
    openapi: { info: { title: 'Gleaner workspace', version: '1' } },
    transform: jsonSchemaTransform,
  });
  server.get('/healthz', { schema: { hide: true }, config: forAnyone }, async () => ({ status: 'ok' }));
  await server.register(async (scope) => metadataRoutes(scope, context));
  await server.register(async (scope) =>
    blobRoutes(scope, { blobs, grants, onInternalError: context.onInternalError }),
  );
  await server.register(async (scope) => principalRoutes(scope, context));
  await server.register(async (scope) => roleRoutes(scope, context));
  await server.register(async (scope) => identityRoutes(scope, context));
  await server.register(async (scope) => workspaceRoutes(scope, context));
  await server.register(async (scope) => operationRoutes(scope, context), {
    prefix: `/subscriptions/:subscription${provider}`,
  });
  await server.register(
    async (scope) => {
      scope.addHook('onRequest', async (request) => checkWorkspace(request, context));
      speakToAzureClients(scope, { context, grants });
      await scope.register(async (inner) => pendingUploadRoutes(inner, { context, grants }));
      await scope.register(async (inner) => endpointRoutes(inner, context));
      await scope.register(async (inner) => deploymentRoutes(inner, context));
      await scope.register(async (inner) => datastoreRoutes(inner, context));
      await scope.register(async (inner) => assetRoutes(inner, context));
      await scope.register(async (inner) => uploadRoutes(inner, context));
    },
    { prefix: `/subscriptions/:subscription/resourceGroups/:group${provider}/workspaces/:workspace` },
  );
  const document = { schema: { hide: true }, config: forAuthenticated };
  server.get('/openapi.json', document, async () => server.swagger());
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
