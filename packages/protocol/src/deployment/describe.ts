import { defaultCollectionUri, formatDatastoreUri } from '../azureml-uri.ts';
import type { DatastoreUri } from '../azureml-uri.ts';
import type { Collection } from './data-collector.ts';
import type { CollectedDeployment } from './deployment.ts';

type Names = Pick<CollectedDeployment, 'name' | 'endpointName'>;

/** A data asset that a deployment registers or uses for one of its collections. */
export interface DataAsset {
  collection: string;
  name: string;
  /** `undefined`: the latest. */
  version: string | undefined;
  type: 'uri_folder';
  /** A datastore URI; `undefined` for an asset that exists already and knows its path. */
  path: string | undefined;
}

/**
 * Where the records of a collection go: the window folders lie right below. `undefined` when the data asset that
 * `dataReference` names has to be asked.
 */
export function collectionUri(names: Names, collection: Collection): DatastoreUri | undefined {
  return collection.dataReference === undefined ? ownUri(names, collection) : undefined;
}

function ownUri({ name, endpointName }: Names, collection: Collection): DatastoreUri {
  const names = { endpoint: endpointName, deployment: name, collection: collection.name };
  return collection.dataPath ?? defaultCollectionUri(names);
}

/** One data asset for every collection, enabled or not, in their order: as the original's client registers them. */
export function dataAssetsOf(deployment: CollectedDeployment): DataAsset[] {
  return deployment.collections.map((collection) => {
    const { name, dataReference: reference } = collection;
    const asset = { collection: name, type: 'uri_folder' } as const;
    if (reference !== undefined) {
      const version = 'version' in reference ? reference.version : undefined;
      return { ...asset, name: reference.name, version, path: undefined };
    }
    return {
      ...asset,
      name: collection.dataName ?? `${deployment.endpointName}-${deployment.name}-${name}`,
      version: collection.dataVersion ?? '1',
      path: formatDatastoreUri(ownUri(deployment, collection)),
    };
  });
}
