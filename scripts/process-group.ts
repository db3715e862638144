import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface GroupOptions {
  stdio?: StdioOptions;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** How long the command may take to end after it was asked to. Default 5 s. */
  stopTimeoutMs?: number;
}

/** A command in a process group of its own: it ends when we say so, together with everything it started. */
export interface ProcessGroup extends AsyncDisposable {
  /** The exit code; 128 + n after signal n. */
  readonly exited: Promise<number>;
  /** Asks the command to end, waits `stopTimeoutMs`, and kills what is left of its group. Gives the exit code. */
  stop(): Promise<number>;
}

/** Starts a command. Its output goes nowhere unless `stdio` says otherwise. Rejects when it cannot be started. */
export async function startGroup(
  command: readonly string[],
  options: GroupOptions = {},
): Promise<ProcessGroup> {
  const [file = '', ...args] = command;
  const { stopTimeoutMs = 5_000, stdio = 'ignore', ...rest } = options;
  const child = spawn(file, args, { ...rest, stdio, detached: true });
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  await once(child, 'spawn');
  const killGroup = () => kill(-(child.pid ?? 0), 'SIGKILL');
  // The last resort, should this process end before it calls `stop`.
  process.once('exit', killGroup);

  const stop = async () => {
    child.kill('SIGTERM');
    const waited = new AbortController();
    await Promise.race([exited, sleep(stopTimeoutMs, undefined, waited).catch(() => {})]);
    waited.abort();
    killGroup();
    process.off('exit', killGroup);
    return exited;
  };
  return { exited, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** Runs a command to its end and gives its exit code; an abort stops it and rejects with the abort's reason. */
export async function run(
  command: readonly string[],
  { signal, ...options }: GroupOptions & { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  signal?.throwIfAborted();
  await using group = await startGroup(command, options);
  const stop = () => void group.stop();
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop);
  const code = await group.exited;
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  return code;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
