import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { eachUntilAborted } from './abort.ts';
import type { Wait } from './abort.ts';
import type { StoredObject } from './datastore.ts';
import { errnoOf, notAnObject } from './errno.ts';
import { storePathFault } from './path.ts';

// What the folder store asks of the file system. `root` is a real path; files and folders are absolute paths below it.

// Production data: nothing for others, and reading (not writing) for the group, so that analysts' tools can run as another
// account. The umask may take away more.
export const folderMode = 0o750;
const fileMode = 0o640;

export interface FoundFile extends AsyncDisposable {
  handle: FileHandle;
  byteLength: number;
}

/** Opens an object, or gives `undefined` when there is none; a folder is none. */
export async function openFile(root: string, file: string, flags: number): Promise<FoundFile | undefined> {
  if (!(await isInPlace(root, dirname(file)))) return undefined;
  // NONBLOCK: opening a named pipe must not wait for its other end.
  const safeFlags = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using opening = new AsyncDisposableStack();
  const handle = opening.use(await unlessMissing(open(file, safeFlags, fileMode)));
  const stats = await handle?.stat();
  if (handle === undefined || stats === undefined || stats.isDirectory()) return undefined;
  if (!stats.isFile()) throw notAnObject(file);
  const opened = opening.move();
  return { handle, byteLength: stats.size, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Writes all of `chunks` into a file that does not exist yet, and syncs it. */
export async function writeNewFile(
  file: string,
  chunks: AsyncGenerator<Uint8Array>,
  wait: Wait,
): Promise<void> {
  await using handle = await open(file, 'wx', fileMode);
  let position = 0;
  for await (const chunk of eachUntilAborted(chunks, wait)) {
    await writeAll(handle, chunk, position);
    position += chunk.byteLength;
  }
  await handle.sync();
}

/** Writes every byte: one `write` may take fewer than it was given. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Whether the folder exists; throws `store_path_invalid` when a symbolic link below the root leads to it. (Someone who swaps a
 * folder for a link between this and the next call gets through: Node has no `openat`.)
 */
export async function isInPlace(root: string, folder: string): Promise<boolean> {
  const real = await unlessMissing(realpath(`${folder}${sep}.`));
  if (real === folder) return true;
  if (real !== undefined) throw notAnObject(folder);
  await lstat(root); // a root that went away is not an empty one
  return false;
}

/** Makes what is missing between the root and `folder`. The root itself is never made again: its disk may be gone. */
export async function makeFolders(root: string, folder: string): Promise<void> {
  if (await isInPlace(root, folder)) return;
  let made = root;
  for (const name of relative(root, folder).split(sep)) {
    made = join(made, name);
    if (await isInPlace(root, made)) continue;
    await mkdir(made, folderMode).catch(async (error: unknown) => {
      if (!(await isInPlace(root, made))) throw error; // unless another call was quicker
    });
  }
}

/** Makes the entries of `folder` and of every folder above it, up to `top`, durable. */
export async function syncFolders(folder: string, top: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(at);
    if (at === top || at === dirname(at)) return;
  }
}

export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync().catch((error: unknown) => {
    // Some file systems (FUSE, SMB) cannot sync a folder and have nothing to sync; PostgreSQL passes over the same two.
    if (!['EINVAL', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  });
}

/** The objects whose path starts with `prefix`, in order. Links, special files and invalid (so also hidden) names are left out. */
export async function* listFiles(root: string, prefix: string): AsyncGenerator<StoredObject> {
  const first = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (!(await isInPlace(root, resolve(root, first)))) return;
  const pending = [first]; // paths still to visit, the next one last; those of folders end in `/`
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const file = join(root, path);
    if (path === '' || path.endsWith('/')) {
      for (const name of await namesBackwards(file)) {
        if ((path + name).startsWith(prefix)) pending.push(path + name);
      }
    } else {
      const stats = await unlessMissing(lstat(file));
      if (stats?.isFile()) yield { path, byteLength: stats.size };
    }
  }
}

/** What is in a folder, last first. With its `/` a folder `a/` sorts among `a-b` and `a.b` as the paths below it do. */
async function namesBackwards(folder: string): Promise<string[]> {
  const entries = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && storePathFault(entry.name) === undefined)
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort()
    .toReversed();
}

/** `undefined` when the name, or a folder on the way to it, does not exist. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
