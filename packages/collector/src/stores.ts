import { DatastoreError, folderKind, openDatastore, probe } from '@gleaner/datastore';
import type { Datastore, DatastoreConfig } from '@gleaner/datastore';

import type { CollectionPolicy } from './admit/policy.ts';
import type { CollectorConfig } from './config/config.ts';
import { invalid } from './config/invalid.ts';
import { CollectorError } from './errors.ts';
import type { StartTrouble } from './ship/shipper.ts';

export type OpenDatastore = (config: DatastoreConfig) => Datastore | Promise<Datastore>;

/** Opens every datastore; when one fails, those already open are closed again. */
export async function openDatastores(
  configs: ReadonlyMap<string, DatastoreConfig>,
  open: OpenDatastore = openDatastore,
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

/**
 * Two collections in one folder would take each other's lines for their own, also when they reach it by different names of
 * datastores or as different identities. Error: `configuration_invalid`.
 */
export function requireOwnPlaces(
  datastores: ReadonlyMap<string, Datastore>,
  policies: readonly CollectionPolicy[],
): void {
  const taken = new Map<string, string>();
  for (const { destination } of policies) {
    const place = datastores.get(destination.datastore)?.url(destination.path) ?? destination.path;
    const other = taken.get(place);
    if (other !== undefined) {
      throw invalid(`Collections ${other} and ${destination.collection} go to the same place: ${place}.`, {
        fix: 'Give every collection a data.path of its own.',
      });
    }
    taken.set(place, destination.collection);
  }
}

/** The start does not wait longer for a store than this. */
const probeTimeoutMs = 5000;

/** What no waiting mends: somebody has to correct it. */
const fatalCodes: ReadonlySet<string> = new Set([
  'store_permission_denied',
  'store_container_not_found',
  'store_settings_invalid',
]);

/**
 * Writes, reads and removes a small object where each datastore is to take the first of its enabled collections. A store that
 * refuses is an error now rather than a spool that fills up, unless `ship.refused` says to wait for it, too; one that does not
 * answer is waited for. Gives what those said that are waited for. Errors: `store_permission_denied`,
 * `store_container_not_found`, `store_settings_invalid`.
 */
export async function probeDatastores(
  datastores: ReadonlyMap<string, Datastore>,
  { datastores: configs, collections, settings }: CollectorConfig,
): Promise<Map<string, StartTrouble>> {
  const troubles = new Map<string, StartTrouble>();
  await Promise.all(
    [...datastores].map(async ([name, datastore]) => {
      const used = collections.find(({ enabled, destination }) => enabled && destination.datastore === name);
      if (used === undefined) return;
      // On a disk the folders of a probe would stay behind; its root is there anyway.
      const folder = configs.get(name)?.kind === folderKind ? '' : used.destination.path;
      const again = (signal: AbortSignal): Promise<void> => probe(datastore, folder, { signal });
      try {
        await again(AbortSignal.timeout(probeTimeoutMs));
      } catch (error) {
        if (!(error instanceof DatastoreError)) throw error;
        if (settings['ship.refused'] === 'stop' && fatalCodes.has(error.code)) throw error;
        troubles.set(name, { error, again });
      }
    }),
  );
  return troubles;
}

/**
 * Refuses to start when the spool holds records for a datastore that nobody ships to any more: they would be released unstored.
 * `found`: the last sequence of each datastore in the spool; `cutOf`: what is stored of it. Error: `spool_store_unknown`.
 */
export async function requireStores(
  datastores: ReadonlyMap<string, unknown>,
  found: ReadonlyMap<string, number>,
  cutOf: (name: string) => Promise<number>,
): Promise<void> {
  for (const [name, lastSequence] of found) {
    if (datastores.has(name) || lastSequence <= (await cutOf(name))) continue;
    throw new CollectorError(
      'spool_store_unknown',
      `The spool holds records for the datastore '${name}', which no collection uses any more.`,
      {
        fix: `Let a collection use '${name}' until they are stored, or use another spool (--spool) and keep this one.`,
      },
    );
  }
}
