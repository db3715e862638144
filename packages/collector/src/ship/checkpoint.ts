/**
 * What ship has done, in one small file of the spool: everything up to `cut` rests in the store, and each file that is still
 * being written had this length at that moment. With it, what a file should hold is a pure function of the spool.
 */
import type { DropReason, ManifestFile, RollingRate } from '@gleaner/protocol';

import { CollectorError, causeOf } from '../errors.ts';
import { readText, replaceFile } from '../files.ts';
import type { SpoolFiles } from '../files.ts';

export const checkpointVersion = 2;

export interface Checkpoint {
  version: typeof checkpointVersion;
  /** Last sequence that is stored; 0 before the first. */
  cut: number;
  /** URL of the store's root: another one knows nothing of these windows. Missing in checkpoints of version 1. */
  place?: string;
  /** What `ship.merge_window` was behind the cut: those frames stay joined as they were. */
  mergeWindowMs?: number;
  /** A store of whole objects: where the round ends that was begun behind the cut. Its objects may be there already. */
  roundEnd?: number;
  /** By path of their first file in the store. */
  targets: Record<string, TargetState>;
  /** SHA-256 (hex) of the manifest sealed last, by collection path. */
  sealed: Record<string, string>;
}

/** What is stored of a window that is still open. */
export interface TargetState {
  collection: string;
  /** The collection's folder in the store. */
  collectionPath: string;
  /** Folder of the window below it. */
  window: string;
  rollingRate: RollingRate;
  /** Epoch seconds; the window is over from here on. */
  windowEnd: number;
  /** Its files at the cut, in the order of their lines. Where the store appends, the last one grows. */
  files: ManifestFile[];
  firstSequence: number | null;
  lastSequence: number | null;
  /** Head of the hash chain, hex. */
  chain: string;
  dropped: Partial<Record<DropReason, number>>;
  previous: string | null;
  replaces: string[];
}

export interface CheckpointFile {
  readonly loaded: Checkpoint;
  save(checkpoint: Checkpoint): Promise<void>;
}

export interface CheckpointOptions {
  folder: string;
  datastore: string;
  /** Where the datastore is now; when that is another place, what was open there is forgotten. */
  place?: string;
}

/** One file per datastore. Errors: `spool_version_unsupported`, `spool_unusable`. */
export async function openCheckpoint(
  files: SpoolFiles,
  { folder, datastore, place }: CheckpointOptions,
): Promise<CheckpointFile> {
  const name = checkpointName(datastore);
  const present = (await files.list(folder).catch((): string[] => [])).includes(name);
  const found = present ? await read(files, `${folder}/${name}`) : empty();
  const isMoved = found.place !== undefined && place !== undefined && found.place !== place;
  const loaded = isMoved ? { ...empty(), cut: found.cut } : found;
  return {
    loaded: { ...loaded, ...(place !== undefined && { place }) },
    async save(checkpoint) {
      try {
        await replaceFile(files, { folder, name, content: JSON.stringify(checkpoint) });
      } catch (cause) {
        const message = `The checkpoint in ${folder} cannot be written: ${causeOf(cause)}.`;
        throw new CollectorError('spool_failed', message, { cause, fix: 'Give the disk of the spool room.' });
      }
    },
  };
}

/** Last sequence that any datastore has stored, whether it is in use or not: no sequence is given twice. */
export async function lastStoredSequence(files: SpoolFiles, folder: string): Promise<number> {
  let last = 0;
  for (const name of await files.list(folder)) {
    if (!/^shipped-.*\.json$/.test(name)) continue;
    last = Math.max(last, (await read(files, `${folder}/${name}`)).cut);
  }
  return last;
}

function checkpointName(datastore: string): string {
  return `shipped-${datastore}.json`;
}

async function read(files: SpoolFiles, path: string): Promise<Checkpoint> {
  return parse(await readText(files, path), path);
}

function empty(): Checkpoint {
  return { version: checkpointVersion, cut: 0, targets: {}, sealed: {} };
}

function parse(text: string, path: string): Checkpoint {
  let value: Partial<Checkpoint> | Version1 | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw unusable(path, cause);
  }
  const hasShape =
    typeof value === 'object' &&
    Number.isSafeInteger(value?.version) &&
    Number.isSafeInteger(value?.cut) &&
    [value?.targets, value?.sealed].every((one) => typeof one === 'object' && one !== null);
  if (value === null || !hasShape) throw unusable(path, undefined);
  if (value.version === 1) return fromVersion1(value);
  if (value.version !== checkpointVersion) {
    throw new CollectorError(
      'spool_version_unsupported',
      `${path} has version ${String(value.version)}; this Gleaner reads ${checkpointVersion}.`,
      { fix: 'Start the newer Gleaner once to drain this spool, or use another spool folder.' },
    );
  }
  return value as Checkpoint;
}

function unusable(path: string, cause: unknown): CollectorError {
  return new CollectorError('spool_unusable', `${path} is no checkpoint.`, {
    cause,
    fix: 'Restore it from a backup, or use another spool folder (--spool) and keep this one.',
  });
}

interface Version1 {
  version: 1;
  cut: number;
  targets: Record<string, Omit<TargetState, 'files'> & { length: number; lines: number }>;
  sealed: Record<string, string>;
}

/** Then a window had one file. */
function fromVersion1({ cut, sealed, targets }: Version1): Checkpoint {
  const states = Object.entries(targets).map(([path, { length, lines, ...state }]): [string, TargetState] => {
    const file = { name: path.slice(path.lastIndexOf('/') + 1), lines, bytes: length };
    return [path, { ...state, files: [file] }];
  });
  return { version: checkpointVersion, cut, sealed, targets: Object.fromEntries(states) };
}
