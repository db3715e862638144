/** The real command as a process of its own. For tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/gleaner.mjs', import.meta.url));

export interface Ended {
  /** -1 when a signal ended it. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Disposing of it ends it, and with it what it started. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves once its output, of either kind, matches; rejects when it ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** From now on nobody reads what it says. */
  closeOutput(): void;
}

export interface GleanerOptions {
  folder?: string;
  environment?: Record<string, string>;
}

/** Runs `gleaner <words>` without colours to its end. */
export async function gleaner(words: readonly string[], options: GleanerOptions = {}): Promise<Ended> {
  return startGleaner(words, options).ended;
}

/** Starts `gleaner <words>` without colours. */
export function startGleaner(words: readonly string[], options: GleanerOptions = {}): Running {
  return startProcess([process.execPath, bin, ...words], options);
}

export function startProcess(
  [file = '', ...args]: readonly string[],
  { folder, environment }: GleanerOptions = {},
): Running {
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode ?? -1, ...said }));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    ended,
    async until(pattern) {
      for (;;) {
        const found = pattern.exec(said.stdout + said.stderr);
        if (found !== null) return found;
        if (!isRunning()) throw new Error(`ended without saying ${pattern}: ${said.stdout}${said.stderr}`);
        await sleep(5);
      }
    },
    kill: (signal) => void child.kill(signal),
    closeOutput() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    async [Symbol.asyncDispose]() {
      if (!isRunning()) return;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(killTimer);
    },
  };
}
