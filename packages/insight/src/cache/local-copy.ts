/** Brings the bytes of an object into a file of the cache. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { copyFile, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Datastore, StoredObject } from '@gleaner/datastore';

export interface Copy {
  datastore: Pick<Datastore, 'writes' | 'read'>;
  object: StoredObject;
  /** `<folder of the object>/<byte length>.jsonl` */
  path: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds. */
  now: number;
}

/** Another process may be about to open what it has just been given. */
export const inUseMs = 10 * 60 * 1000;

/**
 * Makes the file at `path` unless it is there, and gives the bytes that were read from the store. Other processes see the whole
 * file or none. An earlier, shorter copy of an object that grows is carried on from its end, if that is still the same.
 */
export async function bringCopy(copy: Copy): Promise<number> {
  const { object, path } = copy;
  const there = await stat(path).catch(() => undefined);
  if (there?.size === object.byteLength) return 0;
  const unfinished = join(dirname(path), `.${randomUUID()}.part`);
  try {
    const earlier = await earlierCopy(copy);
    const fetched =
      (earlier === undefined ? undefined : await carryOn(copy, earlier, unfinished)) ??
      (await readInto(copy, unfinished, 0));
    await rename(unfinished, path);
    if (earlier !== undefined) await removeIdle(copy);
    return fetched;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** So much of an earlier copy's end is compared with the object before it is carried on. */
const comparedBytes = 4096;

/** The length of the longest copy that is shorter. */
async function earlierCopy({ datastore, object, path }: Copy): Promise<number | undefined> {
  if (datastore.writes !== 'append') return undefined;
  const names = await readdir(dirname(path));
  const lengths = names.flatMap((name) => /^(\d+)\.jsonl$/.exec(name)?.[1] ?? []).map(Number);
  const shorter = lengths.filter((length) => length > 0 && length < object.byteLength);
  return shorter.length === 0 ? undefined : Math.max(...shorter);
}

/** `undefined` when the object is not what it was. */
async function carryOn(copy: Copy, earlier: number, unfinished: string): Promise<number | undefined> {
  const { datastore, object, signal } = copy;
  const from = Math.max(0, earlier - comparedBytes);
  const source = join(dirname(copy.path), `${earlier}.jsonl`);
  try {
    await copyFile(source, unfinished, constants.COPYFILE_FICLONE);
  } catch (error) {
    // Another process has carried it on, or needed the space.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  await using file = await open(unfinished, 'r');
  const { buffer } = await file.read(Buffer.alloc(earlier - from), 0, earlier - from, from);
  const options = signal === undefined ? {} : { signal };
  const now = Buffer.concat(
    await Array.fromAsync(datastore.read(object.path, { start: from, end: earlier }, options)),
  );
  if (!now.equals(buffer)) return undefined;
  return now.length + (await readInto(copy, unfinished, earlier));
}

/** Stores give pieces of 16 to 64 KiB, and each write costs a turn of the event loop. */
const writeBytes = 1024 * 1024;

/** Reads the object from `start` into the file, which has so many bytes already. */
async function readInto({ datastore, object, signal }: Copy, file: string, start: number): Promise<number> {
  await using handle = await open(file, start === 0 ? 'w' : 'r+', 0o600);
  let position = start;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const flush = async (): Promise<void> => {
    await writeAll(handle, Buffer.concat(held), position);
    position += heldBytes;
    held = [];
    heldBytes = 0;
  };
  const options = signal === undefined ? {} : { signal };
  const range = { start, end: object.byteLength };
  for await (const chunk of datastore.read(object.path, range, options)) {
    held.push(chunk);
    heldBytes += chunk.byteLength;
    if (heldBytes >= writeBytes) await flush();
  }
  await flush();
  return position - start;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(
      bytes,
      written,
      bytes.byteLength - written,
      position + written,
    );
    written += bytesWritten;
  }
}

/** Removes shorter copies, and what was made of them. */
async function removeIdle({ object, path, now }: Copy): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    const length = /^\d+(?=\.)/.exec(name)?.[0];
    if (length === undefined || Number(length) >= object.byteLength) continue;
    const file = join(folder, name);
    const used = await stat(file).catch(() => undefined);
    if (used !== undefined && now - used.mtimeMs > inUseMs) await rm(file, { force: true });
  }
}
