/** Uploads as clients of Azure's blobs send them: whole or in blocks, with a few words about each. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { exists } from './files.ts';
import { isUploadPath, receiveUpload } from './upload.ts';

export interface BlobProperties {
  bytes: number;
  modifiedMs: number;
  metadata: Readonly<Record<string, string>>;
}

/** Paths are `LocalUpload/<hash>/<path>`; any other is not there, and cannot be written (`request_invalid`). */
export interface Blobs {
  properties(path: string): Promise<BlobProperties | undefined>;
  /** Whole and durable when this returns; a body that fails leaves nothing. */
  put(path: string, body: Readable): Promise<void>;
  /** Kept until it is committed, or for a week. */
  putBlock(path: string, block: { id: string; body: Readable }): Promise<void>;
  /** Makes the blob of these blocks, in their order. False, and nothing is made, when one of them is not there. */
  commit(path: string, ids: readonly string[]): Promise<boolean>;
  /** In the place of what was kept before. */
  setMetadata(path: string, metadata: Readonly<Record<string, string>>): Promise<void>;
}

const blockLifeMs = 7 * 24 * 3_600_000;

export async function openBlobs({
  root,
  folder,
  now,
}: {
  /** The folder of the datastore. */
  root: string;
  /** Holds blocks and metadata; on the same disk, not in `root`. */
  folder: string;
  now: () => number;
}): Promise<Blobs> {
  const blocks = (path: string): string => join(folder, 'blocks', hashOf(path));
  const block = (path: string, id: string): string => join(blocks(path), hashOf(id));
  const metadata = (path: string): string => join(folder, 'metadata', `${hashOf(path)}.json`);
  await removeOld(join(folder, 'blocks'), now() - blockLifeMs);
  const put = async (path: string, body: Readable): Promise<void> => {
    await receiveUpload({ root, path, body });
    await rm(metadata(path), { force: true });
  };
  return {
    put,
    async properties(path) {
      if (!isUploadPath(path) || !(await exists(join(root, path)))) return undefined;
      const found = await stat(join(root, path));
      if (!found.isFile()) return undefined;
      return {
        bytes: found.size,
        modifiedMs: found.mtimeMs,
        metadata: await readMetadata(metadata(path)),
      };
    },
    async putBlock(path, { id, body }) {
      const target = block(path, id);
      await mkdir(blocks(path), { recursive: true, mode: 0o700 });
      const unfinished = `${target}.part`;
      await pipeline(body, createWriteStream(unfinished, { mode: 0o600 }));
      await rename(unfinished, target);
    },
    async commit(path, ids) {
      const files = ids.map((id) => block(path, id));
      for (const file of files) if (!(await exists(file))) return false;
      await put(path, Readable.from(bytesOf(files)));
      await rm(blocks(path), { recursive: true, force: true });
      return true;
    },
    async setMetadata(path, values) {
      const target = metadata(path);
      await mkdir(join(folder, 'metadata'), { recursive: true, mode: 0o700 });
      await writeFile(`${target}.part`, JSON.stringify(values), { mode: 0o600 });
      await rename(`${target}.part`, target);
    },
  };
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) yield* createReadStream(file) as AsyncIterable<Buffer>;
}

async function readMetadata(path: string): Promise<Record<string, string>> {
  if (!(await exists(path))) return {};
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
}

async function removeOld(folder: string, beforeMs: number): Promise<void> {
  if (!(await exists(folder))) return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < beforeMs) await rm(path, { recursive: true, force: true });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
