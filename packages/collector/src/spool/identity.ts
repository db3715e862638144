import { join } from 'node:path';

import { isInstanceId } from '@gleaner/protocol';

import { CollectorError } from '../errors.ts';
import { readText, replaceFile } from '../files.ts';
import type { SpoolFiles } from '../files.ts';

export const spoolVersion = 1;

/**
 * The instance id names the files this collector writes in every window, so it is made once and kept with the spool.
 * Errors: `spool_version_unsupported`, `spool_unusable`.
 */
export async function openIdentity(
  files: SpoolFiles,
  options: { folder: string; random: (bytes: number) => Buffer },
): Promise<string> {
  const path = join(options.folder, 'spool.json');
  if ((await files.list(options.folder)).includes('spool.json')) return readIdentity(files, path);
  const instance = `${options.random(16).toString('hex')}000000`;
  await replaceFile(files, {
    folder: options.folder,
    name: 'spool.json',
    content: JSON.stringify({ version: spoolVersion, instance }),
  });
  return instance;
}

async function readIdentity(files: SpoolFiles, path: string): Promise<string> {
  let value: { version?: unknown; instance?: unknown } | null;
  try {
    value = JSON.parse(await readText(files, path)) as typeof value;
  } catch (cause) {
    throw unusable(path, cause);
  }
  if (typeof value !== 'object' || value === null) throw unusable(path, undefined);
  if (typeof value.version === 'number' && value.version > spoolVersion) {
    throw new CollectorError(
      'spool_version_unsupported',
      `${path} was written by a newer Gleaner (version ${value.version}; this one reads up to ${spoolVersion}).`,
      { fix: 'Start the newer Gleaner once to drain this spool, or use another spool folder.' },
    );
  }
  if (typeof value.instance !== 'string' || !isInstanceId(value.instance)) throw unusable(path, undefined);
  return value.instance;
}

function unusable(path: string, cause: unknown): CollectorError {
  return new CollectorError('spool_unusable', `${path} does not hold the identity of a spool.`, {
    cause,
    fix: 'Is this folder really a spool? If so, restore spool.json; the instance id is the name of the files in the store.',
  });
}
