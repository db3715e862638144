import type { Datastore } from '@gleaner/datastore';

/** `-f`: the file that names datastores and says how to reach them. */
export interface StoreFile {
  file?: string;
}

/** What a user named: a store, and the part of it that is meant. */
export interface OpenedData extends AsyncDisposable {
  datastore: Datastore;
  /** Of the paths that are meant; a folder's ends in `/`, a file's is the whole path, empty is everything. */
  prefix: string;
  isFile: boolean;
  /** A path in the store as the user can open it. */
  show(path: string): string;
}
