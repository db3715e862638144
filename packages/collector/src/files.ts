/** The few file operations the spool needs; tests bring a layer that forgets what was not synced. */
import { writevSync } from 'node:fs';
import { open, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface SpoolFiles {
  /** `create` makes a new file and fails when there is one; `open` takes an existing one. Both read and write. */
  open(path: string, mode: 'create' | 'open'): Promise<SpoolFile>;
  list(folder: string): Promise<string[]>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in the folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

export interface SpoolFile {
  /** Writes all of `pieces`, one behind the other, at `position`. */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>;
  /** Fills `target` from `position`; returns how many bytes there were. */
  read(target: Uint8Array, position: number): Promise<number>;
  length(): Promise<number>;
  truncate(length: number): Promise<void>;
  /** What was written before the call survives a power cut once this returns. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Small writes are made at once: the kernel takes them in microseconds, less than the way to the thread pool and back costs a
 * sender (decisions/0011). Not while a sync is under way, which may hold a write up.
 */
const maxBytesAtOnce = 256 * 1024;

export const nodeFiles: SpoolFiles = {
  async open(path, mode) {
    const handle = await open(path, mode === 'create' ? 'wx+' : 'r+', 0o600);
    let syncs = 0;
    return {
      async write(pieces, position) {
        let at = position;
        let rest = pieces;
        while (rest.length > 0) {
          const bytes = rest.reduce((sum, piece) => sum + piece.length, 0);
          const bytesWritten =
            bytes <= maxBytesAtOnce && syncs === 0
              ? writevSync(handle.fd, rest, at)
              : (await handle.writev(rest, at)).bytesWritten;
          at += bytesWritten;
          rest = behind(rest, bytesWritten);
        }
      },
      async read(target, position) {
        let filled = 0;
        while (filled < target.length) {
          const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled;
      },
      length: async () => (await handle.stat()).size,
      truncate: (length) => handle.truncate(length),
      async sync() {
        syncs++;
        try {
          await handle.datasync();
        } finally {
          syncs--;
        }
      },
      close: () => handle.close(),
    };
  },
  list: (folder) => readdir(folder),
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

/** Readers see the old content or the new one, also after a power cut. */
export async function replaceFile(
  files: SpoolFiles,
  options: { folder: string; name: string; content: string | Uint8Array },
): Promise<void> {
  const path = join(options.folder, options.name);
  await files.remove(`${path}.new`);
  const file = await files.open(`${path}.new`, 'create');
  try {
    await file.write([Buffer.from(options.content)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(`${path}.new`, path);
  await files.syncFolder(options.folder);
}

export async function readText(files: SpoolFiles, path: string): Promise<string> {
  return (await readBytes(files, path)).toString('utf8');
}

export async function readBytes(files: SpoolFiles, path: string): Promise<Buffer> {
  const file = await files.open(path, 'open');
  try {
    const bytes = Buffer.alloc(await file.length());
    await file.read(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}

/** What is left of `pieces` after the first `written` bytes; a disk that is nearly full takes only a part. */
function behind(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      rest.push(piece.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
