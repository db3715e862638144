import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { CollectorError, causeOf } from '../errors.ts';
import { nodeFiles } from '../files.ts';
import type { SpoolFiles } from '../files.ts';
import { openIdentity } from './identity.ts';
import { lockSpool } from './lock.ts';
import type { SpoolLock } from './lock.ts';
import { openPayloads } from './payloads.ts';
import { recoverSegments } from './recover.ts';
import { RetryKeys } from './retry-keys.ts';
import { RetryMemory } from './retry-memory.ts';
import { Segments } from './segments.ts';
import { Spool } from './spool.ts';
import type { SpoolEvents, SpoolSettings } from './spool.ts';

export interface SpoolOptions extends Pick<SpoolSettings, 'acknowledge' | 'maxBytes'> {
  folder: string;
  /** Default: 64 MiB, or a quarter of `maxBytes` when that is less. */
  segmentBytes?: number;
  /** Asked for once the spool is locked. Sequences go on behind this one, even when every segment is gone: the last one that ship has stored. */
  afterSequence: number | (() => Promise<number>);
  files?: SpoolFiles;
  /** Keeps a second process away. */
  lock?: (folder: string) => SpoolLock;
  now?: () => number;
  random?: (bytes: number) => Buffer;
  events: SpoolEvents & { spoolRecovered(recovery: SpoolRecovery): void };
}

export interface SpoolRecovery {
  frames: number;
  damagedBytes: number;
  /** Files that hold the bad bytes. */
  keptAside: readonly string[];
}

const defaultSegmentBytes = 64 * 1024 * 1024;

/**
 * Takes the spool of a folder, or makes it, and finds what the last process left there.
 * Errors: `spool_in_use`, `spool_version_unsupported`, `spool_unusable`.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, maxBytes, acknowledge, events, files = nodeFiles, now = Date.now } = options;
  const segmentFolder = join(folder, 'segments');
  const unlock = await takeFolder(options, { files, segmentFolder });
  try {
    const instance = await openIdentity(files, { folder, random: options.random ?? randomBytes });
    const memory = new RetryMemory();
    const afterSequence =
      typeof options.afterSequence === 'number' ? options.afterSequence : await options.afterSequence();
    const retryKeys = new RetryKeys(files, { folder: segmentFolder, memory });
    await retryKeys.load();
    let frames = 0;
    const recoveredStores = new Map<string, number>();
    const {
      segments: recovered,
      damagedBytes,
      keptAside,
    } = await recoverSegments({
      files,
      folder: segmentFolder,
      damagedFolder: join(folder, 'damaged'),
      onFrame(frame, retryKey) {
        frames++;
        recoveredStores.set(frame.destination.datastore, frame.sequence);
        if (retryKey !== undefined) memory.remember(retryKey, frame.sequence);
      },
    });
    const keep = recovered.reduce((names, segment) => names.union(segment.payloads), new Set<string>());
    const payloads = await openPayloads(files, {
      folder: join(folder, 'payloads'),
      keep,
      damagedFolder: damagedBytes > 0 ? join(folder, 'damaged') : undefined,
    });
    if (frames > 0 || damagedBytes > 0) events.spoolRecovered({ frames, damagedBytes, keptAside });
    const segmentBytes = options.segmentBytes ?? Math.min(defaultSegmentBytes, Math.floor(maxBytes / 4));
    const lastSequence = Math.max(afterSequence, recovered.at(-1)?.lastSequence ?? 0);
    const segments = new Segments({
      files,
      folder: segmentFolder,
      payloads,
      retryKeys,
      recovered,
      segmentBytes,
      onRemoveFailed: (error) => events.spoolWriteFailed(causeOf(error)),
    });
    return new Spool(
      { acknowledge, maxBytes, now, events },
      { instance, memory, payloads, segments, lastSequence, recoveredStores, damagedBytes, unlock },
    );
  } catch (error) {
    unlock();
    throw error;
  }
}

async function takeFolder(
  { folder, lock = lockSpool }: Pick<SpoolOptions, 'folder' | 'lock'>,
  { files, segmentFolder }: { files: SpoolFiles; segmentFolder: string },
): Promise<() => void> {
  try {
    await files.makeFolder(folder);
    await files.makeFolder(segmentFolder);
  } catch (cause) {
    throw new CollectorError(
      'spool_unusable',
      `The spool folder ${folder} cannot be made: ${causeOf(cause)}.`,
      {
        cause,
        fix: 'Choose a folder this user may write to (--spool, or spool.path).',
      },
    );
  }
  const held = lock(folder);
  return () => held.release();
}
