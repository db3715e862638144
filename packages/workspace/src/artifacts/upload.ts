import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { invalid } from '../errors.ts';

/** Where uploads of clients go, as with the original. */
const uploadFolder = 'LocalUpload';
const maxPathBytes = 1024;
const maxPartBytes = 255;

/**
 * Writes a file of a code or model folder below `root`. It is there whole, and durable, when this returns; one that was cut
 * leaves nothing. Errors: `request_invalid` for a path that leads elsewhere.
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
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function checkUploadPath(path: string): string[] {
  const parts = path.split('/');
  const isPlain = parts.every(
    (part) =>
      part !== '' &&
      part !== '.' &&
      part !== '..' &&
      Buffer.byteLength(part) <= maxPartBytes &&
      !/[\\\p{Cc}]/u.test(part),
  );
  if (isPlain && parts[0] === uploadFolder && parts.length > 2 && Buffer.byteLength(path) <= maxPathBytes)
    return parts;
  throw invalid(`${JSON.stringify(path.slice(0, 120))} is no path for an upload.`, {
    fix: `Write ${uploadFolder}/<hash>/<path>, in plain parts.`,
  });
}
