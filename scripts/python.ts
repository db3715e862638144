// Virtual environments for the real Python packages, in .cache/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withLock } from './lock.mjs';
import { run } from './process-group.ts';
import { cacheFolder, repository } from './repository.ts';

/** What can be asked for: the packages of `examples/iris`, the same with pandas 3, MLflow's server (both from Python 3.11 on), or the client of the original. */
export type PythonPackages = keyof typeof requirementFiles;

/** `python`: the interpreter; `bin`: the folder of its commands; `unavailable`: what is missing and what to do. */
export type PythonEnvironment = { python: string; bin: string } | { unavailable: string };

export interface PythonOptions {
  signal?: AbortSignal;
  /** Told when there is something to wait for. Default: a line on standard error. */
  onProgress?: (text: string) => void;
}

const requirementFiles = {
  iris: join(repository, 'examples/iris/requirements.txt'),
  pandas3: join(repository, 'scripts/python/pandas3.txt'),
  mlflow: join(repository, 'scripts/python/mlflow.txt'),
  mlclient: join(repository, 'scripts/python/mlclient.txt'),
};
const oldestMinor = 9;

/**
 * Gives a Python with the packages, made on the first call (half a minute) and found again later (milliseconds).
 * Uses `GLEANER_PYTHON`, or the first Python ≥ 3.9 of the path. Rejects on an abort only.
 */
export async function pythonEnvironment(
  packages: PythonPackages,
  options: PythonOptions = {},
): Promise<PythonEnvironment> {
  const base = findPython();
  if ('unavailable' in base) return base;
  const requirements = requirementFiles[packages];
  // Environments cannot be moved, hence the folder in the key.
  const key = [await readFile(requirements, 'utf8'), base.identity, cacheFolder].join('\n');
  const folder = join(
    cacheFolder,
    `python-${packages}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`,
  );
  const environment = { python: join(folder, 'bin/python'), bin: join(folder, 'bin') };
  const complete = join(folder, 'complete');
  const isComplete = () => existsSync(complete) && existsSync(environment.python);
  if (isComplete()) return environment;

  const say = options.onProgress ?? ((text) => process.stderr.write(`gleaner: ${text}\n`));
  const make = async (): Promise<PythonEnvironment> => {
    if (isComplete()) return environment;
    say(`installing ${relative(repository, requirements)} for ${base.version} (once, half a minute)`);
    const failure = await install({ base, folder, requirements, signal: options.signal });
    if (failure !== undefined) return { unavailable: failure };
    await writeFile(complete, '');
    return environment;
  };
  const onWait = (pid: number | undefined) =>
    say(`waiting for the Python environment that process ${pid} makes`);
  return withLock(`${folder}.lock`, make, { onWait, signal: options.signal });
}

type Base = { executable: string; version: string; identity: string };

/** The interpreter that environments are made from. */
export function findPython(): Base | { unavailable: string } {
  const chosen = process.env['GLEANER_PYTHON'];
  const newer = [14, 13, 12, 11, 10, 9].map((minor) => `python3.${minor}`);
  const candidates = chosen ? [chosen] : ['python3', 'python', ...newer];
  const seen: string[] = [];
  for (const candidate of candidates) {
    const script =
      'import sys; print(sys.executable, sys.version_info[0], sys.version_info[1], sys.version, sep="\\n")';
    const { status, stdout } = spawnSync(candidate, ['-c', script], { encoding: 'utf8' });
    const [executable, major, minor, ...rest] = status === 0 ? stdout.split('\n') : [];
    if (executable === undefined) continue;
    const version = `Python ${major}.${minor}`;
    if (Number(major) === 3 && Number(minor) >= oldestMinor) {
      return { executable, version, identity: `${executable} ${rest.join(' ')}` };
    }
    seen.push(`${candidate} is ${version}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : `tried ${candidates.join(', ')}`;
  return {
    unavailable: `no Python 3.${oldestMinor} or newer (${found}): install one, or name one in GLEANER_PYTHON`,
  };
}

interface Installation {
  base: Base;
  folder: string;
  requirements: string;
  signal: AbortSignal | undefined;
}

/** Tries uv, which takes seconds, then Python's own tools. Gives the reason when neither succeeds. */
async function install({ base, folder, requirements, signal }: Installation): Promise<string | undefined> {
  const logPath = `${folder}.log`;
  const uvFolder = `${folder}.uv`;
  await using log = await open(logPath, 'w');
  const succeeds = async (...command: string[]) => {
    await log.appendFile(`$ ${command.join(' ')}\n`);
    try {
      return (await run(command, { stdio: ['ignore', log.fd, log.fd], cwd: repository, signal })) === 0;
    } catch (error) {
      signal?.throwIfAborted();
      await log.appendFile(`cannot be run: ${String(error)}\n`);
      return false;
    }
  };
  const python = join(folder, 'bin/python');
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--retries', '2'];
  const findUv = async () => {
    if (await succeeds('uv', '--version')) return 'uv';
    return (await succeeds(base.executable, ...pip, '--target', uvFolder, 'uv'))
      ? join(uvFolder, 'bin/uv')
      : undefined;
  };
  const withUv = async (uv: string) =>
    (await succeeds(uv, 'venv', '--no-python-downloads', '--python', base.executable, folder)) &&
    (await succeeds(uv, 'pip', 'install', '--python', python, '-r', requirements));
  const withPip = async () =>
    (await succeeds(base.executable, '-m', 'venv', '--clear', folder)) &&
    (await succeeds(python, ...pip, '-r', requirements));

  await rm(folder, { recursive: true, force: true });
  const uv = await findUv();
  const installed = (uv !== undefined && (await withUv(uv))) || (await withPip());
  await rm(uvFolder, { recursive: true, force: true });
  if (installed) return undefined;
  await rm(folder, { recursive: true, force: true });
  return reasonFrom(await readFile(logPath, 'utf8'), { base, requirements, logPath });
}

function reasonFrom(log: string, about: { base: Base; requirements: string; logPath: string }): string {
  const [what, where] = [about.requirements, about.logPath].map((path) => relative(repository, path));
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const [why, toDo] = /ensurepip|No module named venv/.test(log)
    ? ['it has no venv module', 'install that (on Debian: apt install python3-venv), or uv']
    : [
        lines.findLast((line) => /^error/i.test(line)) ?? lines.at(-1),
        'check the connection to the package index',
      ];
  return `${what} could not be installed for ${about.base.version}: ${why}. To do: ${toDo}; see ${where}`;
}
