export type { ByteRange, CallOptions, Datastore, ObjectBody, StoredObject } from './datastore.ts';
export { DatastoreError, datastoreErrorCodes } from './errors.ts';
export type { DatastoreErrorCode } from './errors.ts';
export { openFolderDatastore } from './folder.ts';
export type { StoreContext, StoreKey, StoreKind, StoreSettings } from './kind.ts';
export { storeKinds } from './kinds.ts';
export { createMemoryDatastore } from './memory.ts';
export { checkStorePath } from './path.ts';
