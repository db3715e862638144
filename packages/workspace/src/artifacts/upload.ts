import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { invalid, WorkspaceError } from '../errors.ts';

/** Where uploads of clients go, as with the original. */
export const uploadFolder = 'LocalUpload';
const maxPathBytes = 1024;
const maxPartBytes = 255;

/**
 * Writes a file of a code or model folder below `root`. It is there whole, and durable, when this returns; one that was cut
 * leaves nothing. What is there already stays as it is, as versions of assets name it. Errors: `request_invalid` for a path that
 * leads elsewhere, `resource_exists` when something else is there.
 */
export async function receiveUpload({
  root,
  path,
  body,
}: {
  root: string;
  path: string;
  body: Readable;
}): Promise<void> {
  const parts = checkUploadPath(path);
  const target = join(root, ...parts);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = join(root, uploadFolder, `.${randomUUID()}`);
  try {
    await pipeline(body, createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true }));
    await keepFirst(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function keepFirst(unfinished: string, target: string): Promise<void> {
  try {
    // Where a rename would replace what is there.
    await link(unfinished, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if ((await contentHash(unfinished)) === (await contentHash(target).catch(() => undefined))) return;
    throw new WorkspaceError('resource_exists', 'Something else was uploaded to this path before.', {
      fix: 'Upload it below another hash: files that were uploaded do not change.',
    });
  }
}

async function contentHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Whether files of clients may be there: `LocalUpload/<hash>/<path>`, in plain parts. */
export function isUploadPath(path: string): boolean {
  const parts = path.split('/');
  const isPlain = parts.every(
    (part) =>
      part !== '' &&
      part !== '.' &&
      part !== '..' &&
      Buffer.byteLength(part) <= maxPartBytes &&
      !/[\\\p{Cc}]/u.test(part),
  );
  return isPlain && parts[0] === uploadFolder && parts.length > 2 && Buffer.byteLength(path) <= maxPathBytes;
}

function checkUploadPath(path: string): string[] {
  if (isUploadPath(path)) return path.split('/');
  throw invalid(`${JSON.stringify(path.slice(0, 120))} is no path for an upload.`, {
    fix: `Write ${uploadFolder}/<hash>/<path>, in plain parts.`,
  });
}
