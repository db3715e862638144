/** Objects of a store as files of this machine. */
import { createHash } from 'node:crypto';
import { mkdir, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { cacheFailure, checkCancelled } from './errors.ts';
import { evict } from './evict.ts';
import { bringCopy } from './local-copy.ts';

export interface ObjectCacheOptions {
  /** Made when missing; several processes may share it. */
  folder: string;
  /** What may stay when the cache is disposed of; what one use needs meanwhile may be more. Default 10 GiB. */
  maxBytes?: number;
  /** Milliseconds. Default: `Date.now`. */
  now?: () => number;
}

export interface FetchOptions {
  /** The object may grow meanwhile: what it holds now is copied, even where it could be read in place. */
  mayGrow?: boolean;
  signal?: AbortSignal | undefined;
}

export interface LocalFile {
  path: string;
  byteLength: number;
  /** Where to keep what was made of these bytes, and of no others: put a name's ending behind it. */
  derived: string;
}

export interface ObjectCache extends AsyncDisposable {
  readonly folder: string;
  /** Bytes that came over from stores so far. */
  readonly fetchedBytes: number;
  /**
   * The first `byteLength` bytes of the object as a file. They come over once; of an object that has grown only what is new
   * does. A file of a folder datastore is read where it is. Errors: those of the store, `cache_failed`, `query_cancelled`.
   */
  fetch(datastore: Datastore, object: StoredObject, options?: FetchOptions): Promise<LocalFile>;
}

const defaultMaxBytes = 10 * 2 ** 30;

/** `$XDG_CACHE_HOME/gleaner/objects`, or the same in `~/.cache`. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gleaner', 'objects');
}

/** Opens the cache; the folder is made when something is kept. Error: `cache_failed`, here and in every call. */
export function createObjectCache({
  folder,
  maxBytes = defaultMaxBytes,
  now = Date.now,
}: ObjectCacheOptions): ObjectCache {
  const root = resolve(folder);
  let fetchedBytes = 0;
  const bring = async (
    datastore: Datastore,
    object: StoredObject,
    { mayGrow = false, signal }: FetchOptions,
  ): Promise<LocalFile> => {
    const url = datastore.url(object.path);
    const place = join(root, ...keyOf(url));
    if (url.startsWith('/') && !mayGrow) {
      const { size, mtimeMs } = await stat(url);
      const derived = `${place}/${size}-${Math.trunc(mtimeMs)}`;
      await mkdir(dirname(derived), { recursive: true, mode: folderMode });
      return { path: url, byteLength: size, derived };
    }
    const path = `${place}/${object.byteLength}.jsonl`;
    await mkdir(place, { recursive: true, mode: folderMode });
    fetchedBytes += await bringCopy({ datastore, object, path, signal, now: now() });
    const time = new Date(now());
    await utimes(path, time, time);
    return { path, byteLength: object.byteLength, derived: `${place}/${object.byteLength}` };
  };
  return {
    folder: root,
    get fetchedBytes() {
      return fetchedBytes;
    },
    async fetch(datastore, object, options = {}) {
      checkCancelled(options.signal);
      try {
        return await bring(datastore, object, options);
      } catch (error) {
        throw cacheFailure(root, error);
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        await evict(root, { maxBytes, now: now() });
      } catch (error) {
        throw cacheFailure(root, error);
      }
    },
  };
}

/** What was collected is for its owner alone, in the cache too. */
const folderMode = 0o700;

function keyOf(url: string): [string, string] {
  const hash = createHash('sha256').update(url).digest('hex');
  return [hash.slice(0, 2), hash.slice(2, 42)];
}
