import type { Datastore } from '../datastore.ts';
import type { StoreContext, StoreKind, StoreSettings } from '../kind.ts';
import { bucketPlace } from '../bucket-place.ts';
import { createObjectDatastore } from '../object-datastore.ts';
import { openGcsRequests } from './requests.ts';
import { createGcsService } from './service.ts';
import { defaultEndpoint, gcsKeys, identityOf, parseGcsSettings } from './settings.ts';

export const gcsKind: StoreKind = {
  type: 'gcs',
  description: 'A bucket of Google Cloud Storage.',
  keys: gcsKeys,
  fromUrl: (address) => bucketPlace(address, 'gs://'),
  clockUrl: ({ endpoint = defaultEndpoint }) => endpoint,
  open: openGcsDatastore,
};

/**
 * A bucket as a datastore of whole objects. Large objects are put in parts; what a killed process leaves of them, Google
 * removes after a week.
 * Errors: `store_settings_invalid`.
 */
export async function openGcsDatastore(
  settings: StoreSettings,
  context: StoreContext,
  { pageObjects = 1000 }: { pageObjects?: number } = {},
): Promise<Datastore> {
  const { bucket, endpoint, project, login } = parseGcsSettings(settings, context);
  const requests = await openGcsRequests({ endpoint, login });
  const about = { bucket, project, identity: identityOf(login), service: endpoint };
  return createObjectDatastore(createGcsService(requests, about), { pageObjects });
}
