import type { Datastore, StoredObject } from '@gleaner/datastore';
import { parseWindowFolder } from '@gleaner/protocol';
import type { RollingRate } from '@gleaner/protocol';

/** A folder of collected data: `<collection>/<yyyy>[/<MM>[/<dd>[/<HH>[/<mm>]]]]/`. */
export interface WindowFolder {
  /** Path of the collection in the store; empty when the store's root is the collection. */
  collection: string;
  /** `2026/11/23/18` */
  window: string;
  rollingRate: RollingRate;
  /** Epoch seconds; `end` is the first second behind the window. */
  start: number;
  end: number;
  /** Prefix of everything in it: collection and window, ending in `/`. */
  path: string;
}

export interface CollectedWindow extends WindowFolder {
  /** What lies directly in the folder, in code-unit order. */
  objects: StoredObject[];
}

/** Windows of collected data below `prefix`, streamed: one window is held at a time, whatever the size of the store. */
export async function* listWindows(datastore: Datastore, prefix = ''): AsyncGenerator<CollectedWindow> {
  // Paths come sorted, so all that starts with a folder comes in one piece: only folders around the present path are open.
  const open: CollectedWindow[] = [];
  for await (const object of datastore.list(prefix)) {
    for (let top = open.at(-1); top !== undefined && !object.path.startsWith(top.path); top = open.at(-1)) {
      yield top;
      open.pop();
    }
    const folder = windowFolderOf(object.path);
    if (folder === undefined) continue;
    const top = open.at(-1);
    if (top?.path === folder.path) top.objects.push(object);
    else open.push({ ...folder, objects: [object] });
  }
  yield* open.toReversed();
}

/** The window whose folder holds `path`, or `undefined` when it lies in none. */
export function windowFolderOf(path: string): WindowFolder | undefined {
  const parts = path.split('/').slice(0, -1);
  for (let depth = Math.min(5, parts.length); depth > 0; depth--) {
    const window = parts.slice(-depth).join('/');
    const parsed = parseWindowFolder(window);
    if (parsed === undefined) continue;
    const collection = parts.slice(0, -depth).join('/');
    const { rate, start, end } = parsed;
    return { collection, window, rollingRate: rate, start, end, path: folderPath(collection) + `${window}/` };
  }
  return undefined;
}

/** The prefix of everything below a collection. */
export function folderPath(collection: string): string {
  return collection === '' ? '' : `${collection}/`;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Files of record lines. The original reads any `*.jsonl`, but no name that begins with `_` or `.` (fixtures `file-names`). */
export function isDataFile(path: string): boolean {
  return path.endsWith('.jsonl') && !/^[_.]/.test(nameOf(path));
}

/** In the folder of a window: its rows as Parquet. No reader of lines looks at it, and Spark passes over what begins with `_`. */
export const rowFileName = '_rows.parquet';

export function isRowFile(path: string): boolean {
  return nameOf(path) === rowFileName;
}

export function isManifest(path: string): boolean {
  return path.endsWith('.manifest.json');
}
