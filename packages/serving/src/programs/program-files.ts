import { stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';

import { ProgramError } from './program-error.ts';

/** @throws ProgramError `program_failed`, with `what` it should have been */
export async function requireFolder(path: string, what: string): Promise<void> {
  if ((await found(path))?.isDirectory() !== true) {
    throw new ProgramError('program_failed', `${what} ${path} is not there, or is no folder`);
  }
}

/** @throws ProgramError `program_failed`, with `what` it should have been */
export async function requireFile(path: string, what: string): Promise<void> {
  if ((await found(path))?.isFile() !== true) {
    throw new ProgramError('program_failed', `${what} ${path} is not there, or is no file`);
  }
}

async function found(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}
