/**
 * One process per spool. The lock is SQLite's on an empty database: the system drops it when the process dies, however it
 * dies, and it holds between containers that share the folder. A file with a process id has neither property.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { CollectorError } from '../errors.ts';

export interface SpoolLock {
  release(): void;
}

/** Errors: `spool_in_use`. */
export function lockSpool(folder: string): SpoolLock {
  const database = new DatabaseSync(join(folder, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new CollectorError('spool_in_use', `Another collector is using the spool ${folder}.`, {
      cause,
      fix: 'Stop the other one, or give this one a spool folder of its own (--spool, or spool.path).',
    });
  }
  return { release: () => database.close() };
}
