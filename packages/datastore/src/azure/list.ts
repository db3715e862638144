import { inCodeUnitOrder } from '../code-unit-order.ts';
import type { StoredObject } from '../datastore.ts';
import { storePathFault } from '../path.ts';

/** How a container can be listed; names below `prefix`, in the service's own order. */
export interface BlobListing {
  /** Every blob and, in an account with a hierarchical namespace, every folder before what is in it. */
  all(prefix: string): AsyncIterable<ListedBlob>;
  /** Blobs and folders of one level; the names of folders end in `/`. */
  level(prefix: string): AsyncIterable<ListedBlob>;
}

export interface ListedBlob {
  path: string;
  byteLength: number;
  isFolder: boolean;
}

/**
 * The objects of a listing in code-unit order. With a hierarchical namespace the service lists depth first (`a/x` before `a-b`),
 * and only walking folder by folder gives the other order without holding everything. The first folder that is seen tells.
 */
export async function* inOrder(listing: BlobListing, prefix: string): AsyncGenerator<StoredObject> {
  let last = '';
  for await (const blob of inCodeUnitOrder(listing.all(prefix))) {
    if (blob.isFolder) {
      // What came before are objects with smaller names than all that is in this folder or comes behind it.
      yield* walk(listing, prefix, last);
      return;
    }
    yield* asObject(blob);
    last = blob.path;
  }
}

async function* walk(listing: BlobListing, prefix: string, after: string): AsyncGenerator<StoredObject> {
  const level = await Array.fromAsync(listing.level(prefix));
  for (const blob of level.sort(byPath)) {
    if (!blob.isFolder && blob.path > after) yield* asObject(blob);
    // A folder stands there twice: as a name that ends in a slash, and as a blob that says it is a folder.
    if (blob.isFolder && blob.path.endsWith('/')) yield* walk(listing, blob.path, after);
  }
}

function* asObject({ path, byteLength }: ListedBlob): Generator<StoredObject> {
  if (storePathFault(path) === undefined) yield { path, byteLength };
}

function byPath(one: ListedBlob, other: ListedBlob): number {
  if (one.path === other.path) return 0;
  return one.path < other.path ? -1 : 1;
}
