import type { Dirent } from 'node:fs';
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inUseMs } from './local-copy.ts';

/** A copy that nobody finishes any more. */
const abandonedMs = 24 * 3600 * 1000;

interface CachedFile {
  path: string;
  byteLength: number;
  usedAt: number;
}

/** Removes the least recently used files until no more than `maxBytes` stay; what was used in the last ten minutes stays. */
export async function evict(
  folder: string,
  { maxBytes, now }: { maxBytes: number; now: number },
): Promise<void> {
  const files: CachedFile[] = [];
  for (const entry of await entriesBelow(folder)) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) continue;
    const idleMs = now - stats.mtimeMs;
    if (path.endsWith('.part') && idleMs > abandonedMs) await rm(path, { force: true });
    else files.push({ path, byteLength: stats.size, usedAt: stats.mtimeMs });
  }
  let bytes = files.reduce((sum, file) => sum + file.byteLength, 0);
  for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (bytes <= maxBytes || now - file.usedAt < inUseMs) return;
    await rm(file.path, { force: true });
    bytes -= file.byteLength;
    // Its folder goes with the last file in it.
    await rmdir(dirname(file.path)).catch(() => undefined);
  }
}

async function entriesBelow(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^ENO(ENT|TDIR)$/.test(String(error.code))) return [];
    throw error;
  }
}
