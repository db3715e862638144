/**
 * Where bytes rest. Paths are relative to the root of the store, separated by `/`, without `.` or `..` parts
 * ({@link checkStorePath}). Every method throws {@link DatastoreError} and nothing else; foreign errors are translated in the
 * adapter. An implementation proves itself with `datastoreContract` (`contract.ts`).
 */
export interface Datastore extends AsyncDisposable {
  /** `append`: a file grows in place. `object`: whole objects only, {@link append} refuses. */
  readonly writes: 'append' | 'object';

  /**
   * Length of the object in bytes, or `undefined` when there is none. What it says is the truth shipping goes on from: every
   * byte it counts is durable, whoever wrote it.
   */
  length(path: string, options?: CallOptions): Promise<number | undefined>;

  /**
   * Writes `bytes` at `offset`, which must be the present length (0 makes the object). Durable when it returns. A call that
   * failed may have been applied in part or whole: ask {@link length}, and go on from there.
   * Errors: `store_conflict` when the length is not `offset`; `store_object_closed` when the object takes no more: it was sealed,
   * or has reached a limit of the store. Then nothing of `bytes` was applied, by no earlier attempt either.
   */
  append(path: string, piece: { offset: number; bytes: Uint8Array }, options?: CallOptions): Promise<void>;

  /** Replaces the object as a whole; readers see the old or the new one, never a part. Durable when it returns. */
  put(path: string, body: ObjectBody, options?: CallOptions): Promise<void>;

  /** The bytes from `start` (default 0) to `end` (excluded, default the length). `store_not_found` when there is none. */
  read(path: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array>;

  /**
   * Every object whose path starts with `prefix` (a folder ends in `/`), in code-unit order of the paths. Names that
   * {@link checkStorePath} refuses are left out.
   */
  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject>;

  /** Says that an object will not grow any more, to a store that can hold it to that; the others do nothing. Call it again at will. */
  seal(path: string, options?: CallOptions): Promise<void>;

  /** Removes the object; nothing happens when there is none. */
  delete(path: string, options?: CallOptions): Promise<void>;

  /** What a user can open: an absolute path in a folder, `https://…`, `s3://…`, `gs://…` elsewhere. */
  url(path: string): string;
}

export interface CallOptions {
  /**
   * Ends the wait with `store_timeout`; what was begun may still be applied. So bytes given to a call are the store's: never
   * change them afterwards, whether it failed or not.
   */
  signal?: AbortSignal;
}

/** Bytes in memory, or a source that can be opened again for a retry and is never held whole. */
export type ObjectBody = Uint8Array | { byteLength: number; open(): AsyncIterable<Uint8Array> };

export interface ByteRange {
  start?: number;
  end?: number;
}

export interface StoredObject {
  path: string;
  byteLength: number;
}
