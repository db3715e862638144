/**
 * What ship has done, in one small file of the spool: everything up to `cut` rests in the store, and each file that is still
 * being written had this length at that moment. With it, what a file should hold is a pure function of the spool.
 */
import type { DropReason, ManifestFile, RollingRate } from '@gleaner/protocol';

import { CollectorError } from '../errors.ts';
import { readText, replaceFile } from '../files.ts';
import type { SpoolFiles } from '../files.ts';

export const checkpointVersion = 2;

export interface Checkpoint {
  version: typeof checkpointVersion;
  /** Last sequence that is stored; 0 before the first. */
  cut: number;
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

/** One file per datastore. Errors: `spool_version_unsupported`, `spool_unusable`. */
export async function openCheckpoint(
  files: SpoolFiles,
  options: { folder: string; datastore: string },
): Promise<CheckpointFile> {
  const { folder, datastore } = options;
  const name = `shipped-${datastore}.json`;
  const present = (await files.list(folder).catch((): string[] => [])).includes(name);
  const loaded = present ? parse(await readText(files, `${folder}/${name}`), `${folder}/${name}`) : empty();
  return {
    loaded,
    save: (checkpoint) => replaceFile(files, { folder, name, content: JSON.stringify(checkpoint) }),
  };
}

function empty(): Checkpoint {
  return { version: checkpointVersion, cut: 0, targets: {}, sealed: {} };
}

function parse(text: string, path: string): Checkpoint {
  let value: Partial<Checkpoint> | Version1;
  try {
    value = JSON.parse(text) as Partial<Checkpoint> | Version1;
  } catch (cause) {
    throw new CollectorError('spool_unusable', `${path} cannot be read.`, {
      cause,
      fix: 'Restore it from a backup. Without it, records of the last second may be stored twice: then remove it.',
    });
  }
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
