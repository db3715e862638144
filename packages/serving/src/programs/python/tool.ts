import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ToolOptions {
  log: (line: string) => void;
  environment: NodeJS.ProcessEnv;
  cwd: string;
  signal: AbortSignal | undefined;
}

export interface ToolOutcome {
  succeeded: boolean;
  /** Both streams, line by line as they came. */
  lines: readonly string[];
}

/**
 * Runs a command to its end and tells its lines. One that cannot be started has failed, with the reason as its line.
 * An abort ends it, with all that it started, and rejects with the abort's reason.
 */
export async function runTool(
  command: readonly [string, ...string[]],
  options: ToolOptions,
): Promise<ToolOutcome> {
  const { log, environment, cwd, signal } = options;
  signal?.throwIfAborted();
  const [file, ...args] = command;
  const child = spawn(file, args, {
    env: environment,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  const tell = (line: string) => {
    lines.push(line);
    log(line);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', tell);

  const end = () => {
    killGroup(child.pid, 'SIGTERM');
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), 3_000).unref();
  };
  signal?.addEventListener('abort', end, { once: true });
  const succeeded = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      tell(`${file} cannot be run: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
  return { succeeded, lines };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
