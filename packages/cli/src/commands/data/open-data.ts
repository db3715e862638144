import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFolderDatastore } from '@gleaner/datastore';
import { isDataFile, listWindows, timeWindow, windowFolderOf } from '@gleaner/insight';
import type { TimeWindow } from '@gleaner/insight';
import { parseWindowFolder } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { isStoreAddress, openStore } from './open-store.ts';
import type { OpenedData, StoreFile } from './opened-data.ts';
import { assetUri, collectionUri, isAssetAddress } from './workspace-address.ts';

/** Where data land unless a datastore is named, and where names such as `iris/blue/model_inputs` are looked for. */
export const defaultData = 'gleaner-data';

/**
 * Opens a place in a store ({@link openStore}), or a folder, a folder within a collection, or a file, named by path or `file://`
 * URL; where no such folder is, a data asset (`azureml:<name>:<version>`) or the collection of a deployment
 * (`<endpoint>/<deployment>/<collection>`) of the workspace. The store begins above the folders of years and hours, so that
 * references to bodies beside the lines can be followed. Errors: `usage_invalid` when nothing is there, those of the store and of
 * the workspace.
 */
export async function openData(address: string, { file }: StoreFile = {}): Promise<OpenedData> {
  if (isStoreAddress(address)) return openStore(address, file);
  const found = await find(address);
  if (found === undefined) {
    const uri = isAssetAddress(address) ? assetUri(address) : collectionUri(address);
    return openStore(await uri, file);
  }
  const { path, isFile } = found;
  const parts = (isFile ? dirname(path) : path).split('/');
  const depth =
    [5, 4, 3, 2, 1].find((count) => parseWindowFolder(parts.slice(-count).join('/')) !== undefined) ?? 0;
  const root = parts.slice(0, parts.length - depth).join('/') || '/';
  const datastore = await openFolderDatastore(root);
  return {
    datastore,
    prefix: relative(root, path) + (isFile || path === root ? '' : '/'),
    isFile,
    show: (path) => relative('', join(root, path)),
    [Symbol.asyncDispose]: () => datastore[Symbol.asyncDispose](),
  };
}

/** A collection to read rows from. */
export interface OpenedCollection extends OpenedData {
  /** Its path in the store. */
  collection: string;
  /** Last part of its path. */
  name: string;
  /** The hours of the folder that was named within the collection; all of them otherwise. */
  window: TimeWindow;
}

/** The one collection at, around or below `address`. Error: `usage_invalid` when there is none, or several. */
export async function openCollection(address: string, from: StoreFile = {}): Promise<OpenedCollection> {
  const data = await openData(address, from);
  try {
    if (data.isFile)
      throw usageError(`${address} is a file.`, 'Name the folder of its hour, or its collection.');
    const window = windowFolderOf(data.prefix) ?? timeWindow();
    const found = new Set<string>();
    for await (const { collection, objects } of listWindows(data.datastore, data.prefix)) {
      if (objects.some((object) => isDataFile(object.path))) found.add(collection);
      if (found.has('')) break;
    }
    const [collection, ...others] = found;
    if (collection === undefined || others.length > 0) throw notOne(address, [...found].map(data.show));
    return {
      ...data,
      collection,
      window,
      name: basename(collection) || basename(resolve(data.show(collection))),
    };
  } catch (error) {
    await data[Symbol.asyncDispose]();
    throw error;
  }
}

function notOne(address: string, found: readonly string[]): Error {
  if (found.length === 0) {
    return usageError(
      `No collected data lie below ${address}.`,
      'Look with "gleaner data ls" what there is.',
    );
  }
  return usageError(
    `Several collections lie below ${address}.`,
    `Name one of them: ${found.slice(0, 10).join(', ')}.`,
  );
}

async function find(address: string): Promise<{ path: string; isFile: boolean } | undefined> {
  const named = address.startsWith('file://') ? fileURLToPath(address) : address;
  for (const path of [named, join(defaultData, named), join(defaultData, 'modelDataCollector', named)].map(
    (one) => resolve(one),
  )) {
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined) return { path, isFile: !stats.isDirectory() };
  }
  return undefined;
}
