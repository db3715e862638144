import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, realpath, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkSignal, eachUntilAborted, untilAborted } from './abort.ts';
import type { Wait } from './abort.ts';
import { bodyChunks } from './body.ts';
import type { ByteRange, CallOptions, Datastore, ObjectBody, StoredObject } from './datastore.ts';
import { fileFailure } from './errno.ts';
import { DatastoreError } from './errors.ts';
import { conflict, notFound } from './failures.ts';
import {
  folderMode,
  isInPlace,
  listFiles,
  makeFolders,
  openFile,
  syncFolder,
  syncFolders,
  unlessMissing,
  writeAll,
  writeNewFile,
} from './folder-files.ts';
import type { StoreKind } from './kind.ts';
import { checkStorePath, checkStorePrefix } from './path.ts';
import { createTurns } from './turns.ts';

export const folderKind: StoreKind = {
  type: 'folder',
  description: 'Plain files below a folder of this machine.',
  keys: { path: { description: 'The folder; made when missing.', form: 'path', required: true } },
  open: ({ path = '' }) => openFolderDatastore(path),
};

/**
 * Objects as plain files below `root`, which is made when missing and may be a symbolic link. Links below it are not followed,
 * for reading or writing: whoever may write into the folder would otherwise reach every file that this process can. To bring
 * in another disk, mount it there or make it the root. An object cannot have the name of a folder.
 * Errors: a {@link DatastoreError} when the root cannot be made or reached.
 */
export async function openFolderDatastore(root: string): Promise<Datastore> {
  const asked = resolve(root);
  try {
    const made = await mkdir(asked, { recursive: true, mode: folderMode });
    const real = await realpath(asked);
    if (made !== undefined) await syncFolders(dirname(asked), dirname(made));
    return new FolderDatastore(real);
  } catch (error) {
    throw fileFailure(asked, error);
  }
}

const { O_RDONLY, O_WRONLY, O_CREAT } = constants;
const readChunkBytes = 256 * 1024;
const maxSettled = 4096;

class FolderDatastore implements Datastore {
  readonly writes = 'append';
  readonly #root: string;
  readonly #turns = createTurns();
  /** Files whose folders this process has synced. (The files are opened anew per call, which adds 0.2 ms to an append.) */
  readonly #settled = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Syncs the file first: what a killed process has written, and not synced, must not count as stored. */
  length(path: string, options?: CallOptions): Promise<number | undefined> {
    return this.#call(path, options, async (file) => {
      await using found = await openFile(this.#root, file, O_RDONLY);
      if (found === undefined) return undefined;
      await found.handle.sync();
      await this.#settle(file);
      return found.byteLength;
    });
  }

  append(path: string, piece: { offset: number; bytes: Uint8Array }, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async (file) => {
      const { offset, bytes } = piece;
      const isNew = offset === 0;
      if (isNew) await makeFolders(this.#root, dirname(file));
      await using found = await openFile(this.#root, file, isNew ? O_WRONLY | O_CREAT : O_WRONLY);
      const actual = found?.byteLength ?? 0;
      if (found === undefined || actual !== offset) throw conflict(file, { actual, offset });
      try {
        await writeAll(found.handle, bytes, offset);
        await (isNew ? found.handle.sync() : found.handle.datasync());
      } catch (error) {
        // After a failed sync the kernel may take lost pages for written: left in the length, nobody would write them again.
        // When cutting fails too, the first error says more.
        await Promise.allSettled([found.handle.truncate(offset)]);
        throw error;
      }
      if (isNew) this.#settled.delete(file);
      await this.#settle(file);
    });
  }

  put(path: string, body: ObjectBody, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async (file, wait) => {
      const folder = dirname(file);
      const unfinished = join(folder, `.put-${randomUUID()}.tmp`);
      await makeFolders(this.#root, folder);
      try {
        await writeNewFile(unfinished, bodyChunks(file, body), wait);
        await rename(unfinished, file);
      } catch (error) {
        await Promise.allSettled([rm(unfinished, { force: true })]);
        throw error;
      }
      this.#settled.delete(file);
      await this.#settle(file);
    });
  }

  read(path: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    return eachUntilAborted(this.#read(path, range), { subject: path, signal: options?.signal });
  }

  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject> {
    return eachUntilAborted(this.#list(prefix), { subject: prefix || this.#root, signal: options?.signal });
  }

  seal(path: string, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async () => undefined);
  }

  delete(path: string, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async (file) => {
      if (!(await isInPlace(this.#root, dirname(file)))) return;
      const stats = await unlessMissing(lstat(file));
      if (stats === undefined || stats.isDirectory()) return;
      await unlink(file);
      this.#settled.delete(file);
      await syncFolder(dirname(file));
    });
  }

  url(path: string): string {
    checkStorePath(path);
    return join(this.#root, path);
  }

  /** Waits for calls that were given up on but are still at work. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.over();
  }

  /** One call at a time per object, even when its caller waits no more, so that checking and writing stay one step. */
  async #call<T>(path: string, options: CallOptions = {}, work: Work<T>): Promise<T> {
    const file = this.url(path);
    const wait: Wait = { subject: file, signal: options.signal };
    const turn = this.#turns.take(file, async () => {
      checkSignal(wait);
      return work(file, wait);
    });
    try {
      return await untilAborted(turn, wait);
    } catch (error) {
      throw fileFailure(file, error);
    }
  }

  /** Objects grow and are replaced as a whole, so the bytes below the length at the start stay what they are. */
  async *#read(path: string, { start = 0, end = Infinity }: ByteRange = {}): AsyncGenerator<Uint8Array> {
    const file = this.url(path);
    try {
      await using found = await openFile(this.#root, file, O_RDONLY);
      if (found === undefined) throw notFound(file);
      const stop = Math.min(end, found.byteLength);
      for (let position = start; position < stop;) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(readChunkBytes, stop - position));
        const { bytesRead } = await found.handle.read(buffer, 0, buffer.byteLength, position);
        if (bytesRead === 0)
          throw new DatastoreError('store_failed', `${file} was cut to ${position} bytes while read.`);
        yield buffer.subarray(0, bytesRead);
        position += bytesRead;
      }
    } catch (error) {
      throw fileFailure(file, error);
    }
  }

  async *#list(prefix: string): AsyncGenerator<StoredObject> {
    checkStorePrefix(prefix);
    try {
      yield* listFiles(this.#root, prefix);
    } catch (error) {
      throw fileFailure(join(this.#root, prefix), error);
    }
  }

  async #settle(file: string): Promise<void> {
    if (this.#settled.has(file)) return;
    // All the way up: a killed process may have made a folder and not synced the one above.
    await syncFolders(dirname(file), this.#root);
    if (this.#settled.size >= maxSettled) this.#settled.clear();
    this.#settled.add(file);
  }
}

type Work<T> = (file: string, wait: Wait) => Promise<T>;
