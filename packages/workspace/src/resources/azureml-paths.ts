import { formatDatastoreUri } from '@gleaner/protocol';
import type { DatastoreUri } from '@gleaner/protocol';

import type { ResourceIds } from './ids.ts';

/** With the workspace in it, as the original shows its paths. */
export function longUri({ datastore, path, workspace }: DatastoreUri, { root }: ResourceIds): string {
  const [, , subscriptionId = '', , resourceGroup = '', , , , name = ''] = root.split('/');
  return formatDatastoreUri({
    datastore,
    path,
    workspace: workspace ?? { subscriptionId, resourceGroup, name },
  });
}
