/** What should exist: one document for each resource, the operations on them, and their secrets as they are encrypted. */
export type ResourceState = 'Creating' | 'Updating' | 'Deleting' | 'Succeeded' | 'Failed';
export type JsonObject = Readonly<Record<string, unknown>>;

/** What a user wrote, as it was checked; ids are compared without case. */
export interface ResourceDraft {
  /** In the case that is shown; kept as it was made first. */
  id: string;
  type: string;
  parentId: string;
  name: string;
  body: JsonObject;
  state: ResourceState;
  /** The last body that was made real; left out: stays what it was. */
  applied?: JsonObject;
}

export interface StoredResource extends ResourceDraft {
  etag: string;
  createdAt: string;
  modifiedAt: string;
}

export type OperationKind = 'create' | 'update' | 'delete';

export interface Operation {
  id: string;
  resourceId: string;
  kind: OperationKind;
  state: 'InProgress' | 'Succeeded' | 'Failed';
  error?: OperationError;
  startedAt: string;
  endedAt?: string;
}

export interface OperationError {
  code: string;
  message: string;
  details?: readonly { code: string; message: string }[];
}

/** All of it is applied, or nothing is. */
export interface CatalogTransaction {
  find(id: string): Promise<StoredResource | undefined>;
  /** In the order of their making. */
  list(parentId: string, type: string): Promise<StoredResource[]>;
  /** Every resource of a type, whatever it belongs to. */
  listAll(type: string): Promise<StoredResource[]>;
  /** Makes or replaces it; it has a new etag. */
  put(draft: ResourceDraft): Promise<StoredResource>;
  /** With its secrets; what belongs to it stays, and so do its operations, whose ends are asked for. */
  remove(id: string): Promise<void>;
  findOperation(id: string): Promise<Operation | undefined>;
  unfinishedOperations(): Promise<Operation[]>;
  putOperation(operation: Operation): Promise<void>;
  /** Those that ended before that time. */
  forgetOperations(endedBefore: string): Promise<void>;
  findSecret(resourceId: string, name: string): Promise<string | undefined>;
  putSecret(secret: { resourceId: string; name: string; ciphertext: string }): Promise<void>;
}

export interface Catalog extends AsyncDisposable {
  /** Transactions run one after the other, over all processes that share the database. */
  transact<T>(work: (transaction: CatalogTransaction) => Promise<T>): Promise<T>;
}
