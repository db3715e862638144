/** Where each collection goes: its datastore, the identity that writes there, and its path. */
import type { DatastoreConfig } from '@gleaner/datastore';
import { collectionUri } from '@gleaner/protocol';
import type { CollectedDeployment, DatastoreUri } from '@gleaner/protocol';

import type { CollectionPolicy } from '../admit/policy.ts';
import { checkDestinations } from './destinations.ts';
import { invalid } from './invalid.ts';
import { settings } from './settings.ts';
import type { SettingValues } from './settings.ts';

export const defaultDatastore = 'workspaceblobstore';

export interface Places {
  policies: CollectionPolicy[];
  /** By the name that frames carry. */
  datastores: Map<string, DatastoreConfig>;
}

interface Known {
  named: ReadonlyMap<string, DatastoreConfig>;
  values: SettingValues;
  warnings: string[];
}

/** Error: `configuration_invalid`. */
export function collectionPlaces(deployment: CollectedDeployment, known: Known): Places {
  const datastores = new Map<string, DatastoreConfig>();
  const standard = known.named.get(defaultDatastore);
  // There is always one, so that a spool is drained also where nothing is collected any more.
  if (deployment.collections.length === 0 && standard !== undefined)
    datastores.set(defaultDatastore, standard);
  const policies = deployment.collections.map((collection): CollectionPolicy => {
    const uri = collectionUri(deployment, collection);
    if (uri === undefined) {
      throw invalid(`Collection ${collection.name}: a data asset needs a workspace to be looked up in.`, {
        fix: 'Give data.path as azureml://datastores/<name>/paths/<path>.',
      });
    }
    checkWorkspace(collection.name, uri, known);
    const { datastore, config } = storeOf(collection, uri, known);
    datastores.set(datastore, config);
    const destination = {
      collection: collection.name,
      datastore,
      path: uri.path,
      rollingRate: deployment.rollingRate,
    };
    return { destination, enabled: collection.enabled, samplingRate: collection.samplingRate };
  });
  const problem = checkDestinations(policies.map((policy) => policy.destination));
  if (problem !== undefined) throw invalid(problem, { fix: 'Give every collection a data.path of its own.' });
  return { policies, datastores };
}

/** Each identity ships for itself: its permissions, its troubles and its checkpoint are its own. */
function storeOf(
  { name, clientId }: CollectedDeployment['collections'][number],
  uri: DatastoreUri,
  { named }: Known,
): { datastore: string; config: DatastoreConfig } {
  const config = named.get(uri.datastore);
  if (config === undefined) {
    const names = [...named.keys()].join(', ');
    throw invalid(`Collection ${name}: there is no datastore '${uri.datastore}' (known: ${names}).`, {
      fix: 'Name it under datastores: in the collector configuration.',
    });
  }
  if (clientId === undefined) return { datastore: uri.datastore, config };
  if (!/^[A-Za-z0-9._:/-]{1,120}$/.test(clientId)) {
    throw invalid(`Collection ${name}: client_id is not the id of an identity.`, {
      fix: 'Write the client id of the managed identity (a UUID), or on S3 the ARN of the role.',
    });
  }
  return { datastore: `${uri.datastore}@${encodeURIComponent(clientId)}`, config: { ...config, clientId } };
}

/** A long URI names a workspace. Ours may be unnamed; when it is another one, the user means another store. */
function checkWorkspace(collection: string, { workspace, datastore }: DatastoreUri, known: Known): void {
  if (workspace === undefined) return;
  const { values, warnings } = known;
  const own = {
    subscriptionId: values['workspace.subscription_id'],
    resourceGroup: values['workspace.resource_group'],
    name: values['workspace.name'],
  };
  const isSame = (['subscriptionId', 'resourceGroup', 'name'] as const).every(
    (key) => own[key].toLowerCase() === workspace[key].toLowerCase(),
  );
  if (isSame) return;
  const other = `the workspace '${workspace.name}' in '${workspace.resourceGroup}'`;
  const isUnnamed = own.name === settings['workspace.name'].default;
  if (!isUnnamed) {
    throw invalid(`Collection ${collection}: its data.path lies in ${other}, not in '${own.name}'.`, {
      fix: `Define a datastore for that place here, and name it in data.path in the short form.`,
    });
  }
  warnings.push(
    `Collection ${collection}: its data.path names ${other}; '${datastore}' is the datastore of this collector.`,
  );
}
