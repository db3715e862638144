/** Processes of a bench: none of them outlives it, however it ends. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { promisify } from 'node:util';

/** A server that prints its port as its first line. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
}

/** Calls `clean` when this process ends, unless it was disposed before. `clean` must be synchronous. */
export function atExit(clean: () => void): Disposable {
  process.once('exit', clean);
  return { [Symbol.dispose]: () => void process.off('exit', clean) };
}

/** Removes a folder at the exit. To be called after the processes that use it were started: they must be told to end first. */
export function removeAtExit(folder: string): Disposable {
  return atExit(() => {
    // They may still write, or remove a file of their own while it is removed here.
    for (let attempt = 0; attempt < 10 && existsSync(folder); attempt++) {
      if (attempt > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}

/** Makes an end by signal an exit, at which everything that {@link atExit} knows is cleaned up. */
export function exitOnSignals(): Disposable {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, exitAfter);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, exitAfter);
    },
  };
}

function exitAfter(signal: NodeJS.Signals): never {
  process.exit(128 + constants.signals[signal]);
}

/** Runs a command to its end and gives what it printed; rejects when it fails. */
export async function outputOf(file: string, args: readonly string[]): Promise<string> {
  const running = promisify(execFile)(file, args);
  using _ = atExit(() => void running.child.kill('SIGKILL'));
  return (await running).stdout;
}

/** Starts a program of this repository. */
export async function startServer(path: string, plan: unknown): Promise<ServerProcess> {
  const child = spawn(process.execPath, [path, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killing = atExit(() => void child.kill('SIGKILL'));
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      killing[Symbol.dispose]();
    },
  };
}

/** `CLK_TCK` of Linux, whatever the machine. */
const ticksPerSecond = 100;

/** Processor time that a process and its children have used so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = [pid, ...children.split(' ').filter(Boolean).map(Number)];
  const seconds = await Promise.all(pids.map(ownCpuSeconds));
  return seconds.reduce((sum, one) => sum + one, 0);
}

async function ownCpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold blanks: the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
