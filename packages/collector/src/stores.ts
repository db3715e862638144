import { openFolderDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';

import type { DatastoreConfig } from './config/config.ts';

export type OpenDatastore = (config: DatastoreConfig) => Datastore | Promise<Datastore>;

export const openConfiguredDatastore: OpenDatastore = (config) => openFolderDatastore(config.path);

/** Opens every datastore; when one fails, those already open are closed again. */
export async function openDatastores(
  configs: ReadonlyMap<string, DatastoreConfig>,
  open: OpenDatastore,
): Promise<Map<string, Datastore>> {
  const datastores = new Map<string, Datastore>();
  try {
    for (const [name, config] of configs) datastores.set(name, await open(config));
    return datastores;
  } catch (error) {
    for (const datastore of datastores.values()) await datastore[Symbol.asyncDispose]();
    throw error;
  }
}
