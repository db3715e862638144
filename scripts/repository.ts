import { join } from 'node:path';

/** The root of the repository, and the folders in it that git ignores. */
export const repository = join(import.meta.dirname, '..');
export const cacheFolder = join(repository, '.cache');

/** The path of a command that npm installed. */
export function installed(command: string): string {
  return join(repository, 'node_modules', '.bin', command);
}

/** `gleaner` as a command, whether or not npm has linked it; with the options of its first line. */
export const gleaner = [
  process.execPath,
  '--max-semi-space-size=4',
  join(repository, 'packages/cli/bin/gleaner.mjs'),
] as const;
