import { randomUUID } from 'node:crypto';

import type { FastifyInstance } from 'fastify';

import { uploadFolder } from '../artifacts/upload.ts';
import type { UploadGrants } from '../artifacts/upload-grant.ts';
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';
import { blobUrl } from './storage-address.ts';

/** Where clients of the original write the files of a version that they are about to make. */
export async function pendingUploadRoutes(
  server: FastifyInstance,
  { context, grants }: { context: ServerContext; grants: UploadGrants },
): Promise<void> {
  for (const type of ['codes', 'models', 'data', 'environments'])
    server.post(
      `/${type}/:name/versions/:version/startPendingUpload`,
      { config: needs(`${workspaceActions}/${type}/versions/write`) },
      async () => {
        const id = randomUUID();
        const folder = `${uploadFolder}/${id}`;
        const blobUri = blobUrl(context.publicUrl, folder);
        return {
          pendingUploadId: id,
          pendingUploadType: 'TemporaryBlobReference',
          blobReferenceForConsumption: {
            blobUri,
            storageAccountArmId: context.ids.datastore('workspaceblobstore'),
            credential: { credentialType: 'SAS', sasUri: `${blobUri}?${await grants.issue(folder)}` },
          },
        };
      },
    );
}
