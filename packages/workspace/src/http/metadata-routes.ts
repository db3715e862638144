import type { FastifyInstance } from 'fastify';

import { forAnyone } from './route-access.ts';
import type { ServerContext } from './server.ts';
import { storageSuffix } from './storage-address.ts';

/**
 * What clients of Azure ask first: where the services of their cloud are. Here they are all this workspace. Read before a client
 * has a token, and there is no secret in it.
 */
export async function metadataRoutes(server: FastifyInstance, context: ServerContext): Promise<void> {
  server.get('/metadata/endpoints', { config: forAnyone }, async () => {
    const address = context.publicUrl;
    return [
      {
        // A name of theirs would lead the client to their cloud.
        name: 'Gleaner',
        portal: `${address}/`,
        resourceManager: `${address}/`,
        authentication: {
          loginEndpoint: `${address}/login`,
          audiences: [`${address}/`],
          tenant: context.tenantId,
          identityProvider: 'AAD',
        },
        suffixes: { storage: storageSuffix },
      },
    ];
  });
}
