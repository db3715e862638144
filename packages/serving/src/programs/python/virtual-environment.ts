import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PrepareOptions } from '../prepared-program.ts';
import { ProgramError } from '../program-error.ts';
import type { PythonRequirements } from './conda-file.ts';
import { withFileLock } from './file-lock.ts';
import { install } from './install.ts';
import { findInterpreter } from './interpreter.ts';

export interface VirtualEnvironment {
  folder: string;
  python: string;
  bin: string;
}

/**
 * Gives a virtual environment with the packages, made on the first call and found again in milliseconds. Any number of
 * processes may ask for the same one.
 *
 * @throws ProgramError `environment_failed`; nothing half-made is left
 */
export async function virtualEnvironment(
  wanted: PythonRequirements,
  options: PrepareOptions,
): Promise<VirtualEnvironment> {
  const { environmentsFolder, log, signal, inherited: environment = process.env } = options;
  for (const warning of wanted.warnings) log(`warning: ${warning}`);
  const interpreter = await findInterpreter({ wanted: wanted.python, environment, log });
  // Environments cannot be moved, hence the folder in the key.
  const key = JSON.stringify([wanted.requirements, interpreter.identity, environmentsFolder]);
  const folder = join(environmentsFolder, createHash('sha256').update(key).digest('hex').slice(0, 16));

  const made = async () => {
    const name = await readIfThere(join(folder, completeName));
    return name !== undefined && (await exists(join(folder, name, 'bin/python')))
      ? describeEnvironment(join(folder, name))
      : undefined;
  };
  const make = async () => {
    const before = await made();
    if (before !== undefined) return before;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    // What a killed process left running still writes to the folder of its own attempt, not to ours.
    const attempt = `venv-${randomUUID().slice(0, 8)}`;
    const target = join(folder, attempt);
    try {
      log(
        `making a virtual environment for Python ${interpreter.version}: ${wanted.requirements.join(', ')}`,
      );
      await install(
        { ...wanted, interpreter, target, toolsFolder: environmentsFolder },
        { log, signal, environment },
      );
      await writeFile(join(folder, `${completeName}.new`), attempt, { flush: true });
      await rename(join(folder, `${completeName}.new`), join(folder, completeName));
    } catch (error) {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      throw error;
    }
    log('the virtual environment is complete');
    return describeEnvironment(target);
  };
  try {
    return (
      (await made()) ??
      (await withFileLock(`${folder}.lock`, make, {
        onWait: (pid) => log(`waiting for the same virtual environment, which process ${pid} makes`),
        signal,
      }))
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ProgramError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProgramError('environment_failed', `the virtual environment cannot be made: ${reason}`, {
      cause: error,
    });
  }
}

const completeName = 'complete';

function describeEnvironment(folder: string): VirtualEnvironment {
  return { folder, python: join(folder, 'bin/python'), bin: join(folder, 'bin') };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
