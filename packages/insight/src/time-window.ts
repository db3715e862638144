import type { Datastore, StoredObject } from '@gleaner/datastore';
import { windowBounds, windowFolder } from '@gleaner/protocol';
import { InsightError } from './errors.ts';
import { finding } from './findings.ts';
import type { OnFinding } from './findings.ts';
import { folderPath, isDataFile, isRowFile, windowFolderOf } from './layout.ts';

/** Whole hours, in epoch seconds; `end` is excluded. */
export interface TimeWindow {
  start: number;
  end: number;
}

/**
 * The hours that `from` (included) to `to` (excluded) touch, by the rule of the original (compat 8.2): a start within an hour
 * takes the hour from its beginning, an end within an hour takes all of it. Both are `2026-11-23`, `2026-11-23T18`, `…T18:15` or
 * `…T18:15:30`, in UTC unless an offset stands behind (which the original ignores). Left out, the window is open on that side.
 * Error: `window_invalid`.
 */
export function timeWindow({ from, to }: { from?: string; to?: string } = {}): TimeWindow {
  const first = from === undefined ? -Infinity : parseInstant(from);
  const last = to === undefined ? Infinity : parseInstant(to);
  if (last < first) {
    throw new InsightError('window_invalid', `The window ends (${to}) before it begins (${from}).`, {
      fix: 'Give the earlier time first; the end itself is not part of the window.',
    });
  }
  return {
    start: from === undefined ? first : windowBounds(first, 'hour').start,
    end: to === undefined ? last : windowBounds(last - 0.001, 'hour').end,
  };
}

/**
 * Data files of a collection within the window, in the order of their paths. Hour folders alone are read, as the original does,
 * where there are any; a collection that is rolled by minute, day, month or year is read in the folders it has. `onRowFile` is told
 * of the Parquet files on the way, of one perhaps twice.
 */
export async function* collectionFiles(
  datastore: Datastore,
  collection: string,
  {
    window,
    onFinding = () => {},
    onRowFile = () => {},
  }: { window: TimeWindow; onFinding?: OnFinding; onRowFile?: (object: StoredObject) => void },
): AsyncGenerator<StoredObject> {
  const root = folderPath(collection);
  const rateWithin = (path: string) => {
    const folder = isDataFile(path) ? windowFolderOf(path) : undefined;
    const inside =
      folder?.collection === collection && folder.start < window.end && folder.end > window.start;
    return inside ? folder.rollingRate : undefined;
  };
  let hours = 0;
  const skipped: string[] = [];
  for (const prefix of prefixesOf(root, window)) {
    for await (const object of datastore.list(prefix)) {
      if (isRowFile(object.path)) onRowFile(object);
      const rate = rateWithin(object.path);
      if (rate === 'hour') {
        hours++;
        yield object;
      } else if (rate !== undefined && skipped.length < maxSkippedNamed) skipped.push(object.path);
    }
  }
  if (hours > 0) {
    const message = 'The file is of another rolling rate; where there are hour folders, only those are read.';
    for (const file of skipped) onFinding(finding('layout_skipped', { file }, message));
    return;
  }
  for await (const object of datastore.list(root)) {
    if (isRowFile(object.path)) onRowFile(object);
    if (rateWithin(object.path) !== undefined) yield object;
  }
}

const maxSkippedNamed = 100;

/** Folders to list: days of a short window, months of a longer one, everything when it is open or spans years. */
function prefixesOf(root: string, { start, end }: TimeWindow): string[] {
  const days = (end - start) / 86_400;
  if (!(days <= 1000)) return [root];
  const rate = days <= 31 ? 'day' : 'month';
  const prefixes: string[] = [];
  for (let at = start; at < end; at = windowBounds(at, rate).end) {
    prefixes.push(`${root}${windowFolder(at, rate)}/`);
  }
  return prefixes;
}

const instant = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?(Z|[+-]\d\d:\d\d)?)?$/i;

function parseInstant(text: string): number {
  const [, day = '', hour = '00', minute = '00', second = '00', zone = 'Z'] = instant.exec(text.trim()) ?? [];
  const seconds = Date.parse(`${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`) / 1000;
  // The 30th of February would become the 2nd of March.
  const exists = !Number.isNaN(seconds) && new Date(day).toISOString().startsWith(day);
  if (exists) return seconds;
  throw new InsightError('window_invalid', `${JSON.stringify(text)} is not a time.`, {
    fix: 'Write 2026-11-23, 2026-11-23T18 or 2026-11-23T18:15:30Z; without an offset it is UTC.',
  });
}
