import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parseDocument } from 'yaml';

import { ProgramError } from './program-error.ts';
import { readCondaFile } from './python/conda-file.ts';
import type { PythonRequirements } from './python/conda-file.ts';

/**
 * The folder with the `MLmodel` file: the model's path, or the one folder in it that has such a file.
 *
 * @throws ProgramError `program_failed` when there is none
 */
export async function mlflowModelFolder(path: string): Promise<string> {
  if ((await textOf(join(path, 'MLmodel'))) !== undefined) return path;
  const names = (await isFolder(path)) ? (await readdir(path)).sort() : [];
  const holders: string[] = [];
  for (const name of names) {
    if ((await textOf(join(path, name, 'MLmodel'))) !== undefined) holders.push(join(path, name));
  }
  const [only, ...others] = holders;
  if (only !== undefined && others.length === 0) return only;
  throw new ProgramError(
    'program_failed',
    `${path} is no MLflow model: it has ${only === undefined ? 'no' : 'more than one'} file MLmodel. ` +
      'To do: give the folder that mlflow wrote, or a scoring script with its code',
  );
}

/**
 * What the model says it needs: its `conda.yaml`, else `requirements.txt` with the interpreter of `python_env.yaml`.
 *
 * @throws ProgramError `environment_failed` when it says nothing, or something broken
 */
export async function mlflowRequirements(folder: string): Promise<PythonRequirements> {
  const conda = await textOf(join(folder, 'conda.yaml'));
  const list = await textOf(join(folder, 'requirements.txt'));
  if (conda !== undefined) return readCondaFile(withListPutIn(conda, list));
  const python = pythonOf(await textOf(join(folder, 'python_env.yaml')));
  if (list === undefined) {
    throw new ProgramError(
      'environment_failed',
      `${folder} has neither conda.yaml nor requirements.txt: give the deployment an environment with a conda_file`,
    );
  }
  return { python, requirements: linesOf(list), warnings: [] };
}

/** Older releases of mlflow wrote `- -r requirements.txt` into the conda file. */
function withListPutIn(conda: string, list: string | undefined): string {
  if (list === undefined) return conda;
  const document = parseDocument(conda);
  const content: unknown = document.errors.length > 0 ? undefined : document.toJS();
  return (
    JSON.stringify(content, (_key, value: unknown) =>
      Array.isArray(value)
        ? value.flatMap((one: unknown) => (one === '-r requirements.txt' ? linesOf(list) : [one]))
        : value,
    ) ?? conda
  );
}

function linesOf(list: string): string[] {
  return list
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

function pythonOf(pythonEnvironment: string | undefined): string | undefined {
  return /^python:\s*["']?([\d.]+)/m.exec(pythonEnvironment ?? '')?.[1];
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
