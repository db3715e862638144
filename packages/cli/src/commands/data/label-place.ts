import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { windowFolderOf } from '@gleaner/insight';

/** The path of the file that holds labels; `undefined` when the place is that of collected data. */
export async function labelFile(place: string): Promise<string | undefined> {
  const path = resolve(place.startsWith('file://') ? fileURLToPath(place) : place);
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() && windowFolderOf(path) === undefined ? path : undefined;
}
