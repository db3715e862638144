import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ProgramError } from '../program-error.ts';
import type { Interpreter } from './interpreter.ts';
import { runTool } from './tool.ts';
import type { ToolOptions, ToolOutcome } from './tool.ts';

export interface Installation {
  interpreter: Interpreter;
  requirements: readonly string[];
  /** The folder of the virtual environment; not there yet. */
  target: string;
  /** Keeps uv, where this machine has none. */
  toolsFolder: string;
}

/**
 * Makes a virtual environment with the packages: by uv, which takes seconds, or else by Python's own tools.
 *
 * @throws ProgramError `environment_failed` with the end of the tool's output
 */
export async function install(what: Installation, options: Omit<ToolOptions, 'cwd'>): Promise<void> {
  const { interpreter, target } = what;
  const listPath = `${target}.txt`;
  const tool: ToolOptions = { ...options, cwd: dirname(target) };
  await writeFile(listPath, `${what.requirements.join('\n')}\n`);

  const uv = await findUv(what, tool);
  const byUv = uv === undefined ? undefined : await installWithUv(uv, { ...what, listPath }, tool);
  if (byUv?.succeeded) return;
  if (byUv !== undefined && isUnsolvable(byUv)) throw failure(byUv, interpreter);
  await rm(target, { recursive: true, force: true });
  const byPip = await installWithPip({ ...what, listPath }, tool);
  if (!byPip.succeeded) throw failure(byPip, interpreter);
}

type Listed = Installation & { listPath: string };

async function installWithUv(uv: string, what: Listed, tool: ToolOptions): Promise<ToolOutcome> {
  const { interpreter, target, listPath } = what;
  const made = await runTool(
    [uv, 'venv', '--no-python-downloads', '--python', interpreter.executable, target],
    tool,
  );
  if (!made.succeeded) return made;
  return runTool([uv, 'pip', 'install', '--python', join(target, 'bin/python'), '-r', listPath], tool);
}

async function installWithPip(what: Listed, tool: ToolOptions): Promise<ToolOutcome> {
  const { interpreter, target, listPath } = what;
  const made = await runTool([interpreter.executable, '-m', 'venv', '--clear', target], tool);
  if (!made.succeeded) return made;
  return runTool([join(target, 'bin/python'), ...pipInstall, '-r', listPath], tool);
}

const pipInstall = [
  '-m',
  'pip',
  'install',
  '--disable-pip-version-check',
  '--no-input',
  '--retries',
  '2',
] as const;

/** The one on the path, or one from the package index, kept for the next time. Undefined: there is none to be had. */
async function findUv(what: Installation, tool: ToolOptions): Promise<string | undefined> {
  if ((await runTool(['uv', '--version'], { ...tool, log: () => {} })).succeeded) return 'uv';
  const folder = join(what.toolsFolder, 'uv');
  const uv = join(folder, 'bin/uv');
  if (await isFile(uv)) return uv;
  const attempt = `${what.target}.uv`;
  const got = await runTool(
    [what.interpreter.executable, ...pipInstall, '--quiet', '--target', attempt, 'uv'],
    tool,
  );
  if (!got.succeeded) return undefined;
  await mkdir(what.toolsFolder, { recursive: true });
  try {
    await rename(attempt, folder);
  } catch (error) {
    // Somebody else was first.
    if (!(await isFile(uv))) throw error;
    await rm(attempt, { recursive: true, force: true });
  }
  return uv;
}

/** pip would find no solution either; it may know of other indexes, though, when packages were not found. */
function isUnsolvable({ lines }: ToolOutcome): boolean {
  const text = lines.join('\n');
  return text.includes('No solution found') && !/not found in the package registry|network/.test(text);
}

function failure({ lines }: ToolOutcome, interpreter: Interpreter): ProgramError {
  const text = lines.filter((line) => line.trim() !== '');
  const [why, toDo] = /ensurepip|No module named venv/.test(text.join('\n'))
    ? ['it has no venv module', 'install that (on Debian: apt install python3-venv), or uv']
    : [reasonIn(text), 'correct the conda file, or check the connection to the package index'];
  return new ProgramError(
    'environment_failed',
    `the packages of the conda file cannot be installed for Python ${interpreter.version}: ${why}. To do: ${toDo}`,
    { log: text.slice(-40).join('\n') },
  );
}

/** uv explains below its marker; pip says what cannot be and why in the lines that begin with ERROR. */
function reasonIn(lines: readonly string[]): string {
  const marker = lines.findLastIndex((line) => /No solution found/.test(line));
  if (marker >= 0) {
    const explained = lines.slice(marker + 1).map((line) => line.replace(/^[\s╰│├─▶]+/u, ''));
    return explained
      .join(' ')
      .replace(/^cause: /, '')
      .replace(/\.$/, '')
      .slice(0, 500);
  }
  const errors = lines.filter((line) => /^error/i.test(line));
  return (errors.length > 0 ? errors.join(' ') : (lines.at(-1) ?? 'no reason was told')).slice(0, 500);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
