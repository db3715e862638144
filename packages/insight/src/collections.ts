import type { Datastore } from '@gleaner/datastore';
import { isDataFile, listWindows, nameOf } from './layout.ts';
import type { CollectedWindow } from './layout.ts';
import { countLines } from './lines.ts';
import { readSeals } from './seals.ts';

/** What lies in a collection: a folder below which `yyyy[/MM[/dd[/HH[/mm]]]]/<name>.jsonl` files are. */
export interface CollectionSummary {
  /** Path in the store; empty when the store's root is the collection. */
  collection: string;
  windows: number;
  /** Windows whose every file is covered to its last byte by a manifest. */
  sealedWindows: number;
  files: number;
  bytes: number;
  /** Lines by the manifests, and counted in open files; absent without `countLines`. */
  lines?: number;
  /** Epoch seconds: the first window begins, the last one ends. */
  start: number;
  end: number;
}

/** The collections below `prefix`, by path. With `countLines` open files are read, sealed ones never. */
export async function listCollections(
  datastore: Datastore,
  prefix = '',
  options: { countLines?: boolean } = {},
): Promise<CollectionSummary[]> {
  const summaries = new Map<string, CollectionSummary>();
  for await (const window of listWindows(datastore, prefix)) {
    const found = await summarise(datastore, window, options);
    if (found.files === 0) continue;
    const known = summaries.get(window.collection);
    summaries.set(window.collection, known === undefined ? found : merged(known, found));
  }
  return [...summaries.values()].sort((a, b) => (a.collection < b.collection ? -1 : 1));
}

async function summarise(
  datastore: Datastore,
  window: CollectedWindow,
  options: { countLines?: boolean },
): Promise<CollectionSummary> {
  const { seals } = await readSeals(datastore, window);
  const sealedFiles = new Map(
    seals.flatMap(({ manifest }) => manifest.files.map((file) => [file.name, file])),
  );
  const files = window.objects.filter(({ path }) => isDataFile(path));
  let lines = 0;
  let bytes = 0;
  let sealed = 0;
  for (const { path, byteLength } of files) {
    const seal = sealedFiles.get(nameOf(path));
    const covered = seal?.bytes === byteLength;
    bytes += byteLength;
    if (covered) sealed++;
    if (options.countLines) lines += covered ? seal.lines : await countLines(datastore, path);
  }
  return {
    collection: window.collection,
    windows: 1,
    sealedWindows: sealed === files.length ? 1 : 0,
    files: files.length,
    bytes,
    ...(options.countLines ? { lines } : {}),
    start: window.start,
    end: window.end,
  };
}

function merged(a: CollectionSummary, b: CollectionSummary): CollectionSummary {
  return {
    collection: a.collection,
    windows: a.windows + b.windows,
    sealedWindows: a.sealedWindows + b.sealedWindows,
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    ...(a.lines === undefined || b.lines === undefined ? {} : { lines: a.lines + b.lines }),
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
  };
}
