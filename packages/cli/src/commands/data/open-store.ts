/** Data in a store: by `azureml://` path, whose datastore a file names or else the workspace, or by the store's own URL. */
import { openDatastore, storeKinds } from '@gleaner/datastore';
import type { Datastore, DatastoreConfig } from '@gleaner/datastore';
import { parseDatastoreUri } from '@gleaner/protocol';
import type { DatastoreUri } from '@gleaner/protocol';

import { usageError } from '../../output/failure.ts';
import { readDatastoreFile } from '../datastore-file.ts';
import type { OpenedData } from './opened-data.ts';
import { workspaceDatastore } from './workspace-address.ts';

export function isStoreAddress(address: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(address) && !address.toLowerCase().startsWith('file:');
}

/** `file`: names datastores. Errors: `usage_invalid`, those of the store and of the workspace. */
export async function openStore(address: string, file: string | undefined): Promise<OpenedData> {
  const named = file === undefined ? new Map<string, DatastoreConfig>() : await readDatastoreFile(file);
  const { datastore, path } = address.toLowerCase().startsWith('azureml:')
    ? await byName(address, named)
    : await byUrl(address, named);
  try {
    const trimmed = path.replace(/\/+$/, '');
    const isFile = trimmed.endsWith('.jsonl') && (await datastore.length(trimmed)) !== undefined;
    return {
      datastore,
      prefix: isFile || trimmed === '' ? trimmed : `${trimmed}/`,
      isFile,
      show: (one) => (one === '' ? address : datastore.url(one)),
      [Symbol.asyncDispose]: () => datastore[Symbol.asyncDispose](),
    };
  } catch (error) {
    await datastore[Symbol.asyncDispose]();
    throw error;
  }
}

interface Place {
  datastore: Datastore;
  path: string;
}

async function byName(address: string, named: ReadonlyMap<string, DatastoreConfig>): Promise<Place> {
  const isWhole = /^azureml:\/\/datastores\/([^/]+)(?:\/paths)?\/?$/i.exec(address);
  const {
    datastore: name,
    path,
    workspace,
  }: DatastoreUri = isWhole === null ? parseDatastoreUri(address) : { datastore: isWhole[1] ?? '', path: '' };
  const config =
    named.get(name) ?? (named.size === 0 ? await workspaceDatastore(name, workspace) : undefined);
  if (config !== undefined) return { datastore: await openDatastore(config), path };
  throw usageError(
    `There is no datastore '${name}' (known: ${[...named.keys()].join(', ')}).`,
    'Name it in a file, and the file with -f: a collector configuration, or the file of a datastore.',
  );
}

/** In a store that the file names, with its credentials; otherwise with the identity of this machine. */
async function byUrl(address: string, named: ReadonlyMap<string, DatastoreConfig>): Promise<Place> {
  for (const config of named.values()) {
    const datastore = await openDatastore(config);
    const root = datastore.url('x').slice(0, -1);
    if (`${address}/`.startsWith(root)) return { datastore, path: decoded(address.slice(root.length), root) };
    await datastore[Symbol.asyncDispose]();
  }
  for (const kind of storeKinds) {
    const place = kind.fromUrl?.(address);
    if (place === undefined) continue;
    return { datastore: await openDatastore({ kind, settings: place.settings }), path: place.path };
  }
  throw usageError(
    `${address} is no place of a store.`,
    'Name a folder, azureml://datastores/<name>/paths/<path> with -f, s3://…, gs://…, or the https address of a container.',
  );
}

/** `https` addresses are percent-encoded, those of S3 and Google are not. */
function decoded(path: string, root: string): string {
  if (!root.startsWith('http')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw usageError(`${root}${path} is not encoded as an address.`, 'Write a percent sign as %25.');
  }
}
