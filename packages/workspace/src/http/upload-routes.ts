import { Readable } from 'node:stream';

import type { FastifyInstance } from 'fastify';

import { receiveUpload } from '../artifacts/upload.ts';
import { notFound } from '../resources/context.ts';
import { defaultDatastore } from '../resources/datastores.ts';
import { blobActions, needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

/** Files of code and models, of any size and type. */
export async function uploadRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  scope.removeAllContentTypeParsers();
  // The stream goes to the disk as it comes.
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // As in the original: who may read the secrets of the store may write there, and so may who has a role on its data.
  const config = needs(`${workspaceActions}/datastores/listSecrets/action`, {
    dataAction: `${blobActions}/write`,
  });
  const options = { bodyLimit: Number.MAX_SAFE_INTEGER, schema: { hide: true }, config };
  scope.put('/datastores/:name/files/*', options, async ({ params, body }, reply) => {
    const { name = '', '*': path = '' } = params as Record<string, string>;
    if (name.toLowerCase() !== defaultDatastore)
      throw notFound(`${context.ids.datastore(name)}/files`, context.names);
    await receiveUpload({
      root: context.defaultDatastoreFolder,
      path,
      body: body instanceof Readable ? body : Readable.from([]),
    });
    return reply.status(201).send();
  });
}
