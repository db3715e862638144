/** The command of `gleaner run`: started with our terminal, ended with everything it started. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { styleFor } from '../output/style.ts';
import type { Signals } from './run-signals.ts';

/** What is left of the command's process group after it ended gets this long before it is killed. */
const groupGraceMs = 2000;

/**
 * Returns the exit code of the command: its own, 128 + n after signal n, 127 when there is no such command, 126 when it
 * cannot be executed.
 *
 * The command leads a process group of its own: signals go to all of it once, a terminal's Ctrl-C included, and nothing
 * of it stays behind.
 */
export async function runCommand(
  words: readonly string[],
  { environment, signals }: { environment: NodeJS.ProcessEnv; signals: Signals },
): Promise<number> {
  const [file = '', ...args] = words;
  const child = spawn(file, args, { stdio: 'inherit', detached: true, env: environment });
  signals.deliverTo((signal) => void signalGroup(child, signal));
  // The last resort, should this process fail while the command runs.
  const endCommand = (): void => void signalGroup(child, 'SIGTERM');
  process.once('exit', endCommand);
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => resolve(reportNotStarted(file, error)));
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  await endGroup(child);
  process.off('exit', endCommand);
  return exitCode;
}

function reportNotStarted(file: string, error: NodeJS.ErrnoException): number {
  const [exitCode, why, fix] =
    error.code === 'ENOENT'
      ? [127, 'there is no such command', 'Check its name, the PATH, and the interpreter if it is a script.']
      : error.code === 'EACCES'
        ? [126, 'it is not executable', 'Name the program that runs it, such as python or node, before it.']
        : [126, error.message, 'Run it without gleaner to see what is wrong with it.'];
  const { red } = styleFor(process.stderr);
  process.stderr.write(`${red('gleaner:')} ${file} cannot be started: ${why}\n  fix: ${fix}\n`);
  return exitCode;
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (!signalGroup(child, 'SIGTERM')) return;
  const deadline = Date.now() + groupGraceMs;
  while (signalGroup(child, 0) && Date.now() < deadline) await sleep(20);
  signalGroup(child, 'SIGKILL');
}

/** False when there is no such group any more. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}
