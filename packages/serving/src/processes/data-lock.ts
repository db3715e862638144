/**
 * One root process per data folder. The lock is SQLite's on an empty database: the system drops it when the process dies, however
 * it dies. A file with a process id is stale then, and two that start at once both take it.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { GleanerError } from '@gleaner/protocol';

/**
 * Makes this process the only root process of the folder until it is disposed of, or dies.
 *
 * Error: `data_in_use` when another one runs.
 */
export function lockData(runFolder: string): Disposable {
  const database = new DatabaseSync(join(runFolder, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new GleanerError('data_in_use', 'Another process runs a workspace on this data folder already.', {
      cause,
      fix: 'End it, or choose another folder with --data.',
    });
  }
  return { [Symbol.dispose]: () => database.close() };
}
