import type { DatastoreError } from './errors.ts';

/**
 * What a cloud's object storage does with one bucket, for `createObjectDatastore` to make a datastore of. Paths are checked
 * already. Calls reject with whatever the cloud's client throws, and end soon after the signal aborts.
 */
export interface ObjectService extends AsyncDisposable {
  url(path: string): string;

  /** Length of the object, `undefined` when the answer is that there is none: the bucket may be missing then, too. */
  length(path: string, signal: AbortSignal): Promise<number | undefined>;

  /** One request. */
  put(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;

  /** In parts as they come; nothing of them stays when `source.chunks` or a request fails, or the signal aborts. */
  putParts(path: string, source: PartSource, signal: AbortSignal): Promise<void>;

  /** The content within the range; `past-end` when that lies behind the content, `missing` when there is no object. */
  get(
    path: string,
    range: { start: number; end: number | undefined },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | 'past-end' | 'missing'>;

  /** One page in the order of UTF-8 bytes. */
  list(query: ListQuery, signal: AbortSignal): Promise<ListPage>;

  /** `missing` when there was none, where the cloud tells. */
  delete(path: string, signal: AbortSignal): Promise<'deleted' | 'missing'>;

  /** Translates what a call rejected with. */
  failure(error: unknown, call: ObjectCall): DatastoreError;
}

export interface PartSource {
  byteLength: number;
  /** Adds up to `byteLength`, or throws at its end. */
  chunks: AsyncIterable<Uint8Array>;
}

export interface ListQuery {
  prefix: string;
  /** From the page before. */
  cursor: string | undefined;
  maxObjects: number;
}

export interface ListPage {
  objects: { path: string; byteLength: number }[];
  /** `undefined` after the last page. */
  cursor: string | undefined;
}

/** What was being done, for messages. */
export interface ObjectCall {
  action: 'read' | 'write' | 'list' | 'delete';
  /** The URL of what it was done to. */
  subject: string;
}
