/** Processes of ours: each leads a group of its own, is noted in a pid file, and leaves nobody of its group behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';

import { createBackoff } from './backoff.ts';
import type { BackoffOptions } from './backoff.ts';
import { signalGroup } from './leftovers.ts';
import type { PidFiles } from './pid-files.ts';

export interface ChildCommand {
  command: string;
  args: readonly string[];
  cwd?: string | undefined;
  environment: NodeJS.ProcessEnv;
}

export interface ChildEnd {
  /** 127 when it could not be started, as shells have it; `null` when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  ranMs: number;
  /** Why it could not be started. */
  problem?: string;
}

export interface StartOptions {
  /** Of its pid file. */
  name: string;
  stdio: StdioOptions;
  pidFiles: PidFiles;
}

export interface OwnChild {
  /** `undefined` when it could not be started. */
  readonly process: ChildProcess | undefined;
  readonly ended: Promise<ChildEnd>;
  /** Asks the whole group to end; kills it after `graceMs`. */
  end(graceMs: number): Promise<ChildEnd>;
  /** Lets it end by itself; kills it after `graceMs`. */
  endedWithin(graceMs: number): Promise<ChildEnd>;
}

export function startChild(
  { command, args, cwd, environment }: ChildCommand,
  { name, stdio, pidFiles }: StartOptions,
): OwnChild {
  const startedMs = performance.now();
  const { promise: ended, resolve } = Promise.withResolvers<ChildEnd>();
  const notStarted = (error: unknown): void =>
    resolve({
      code: 127,
      signal: null,
      ranMs: 0,
      problem: error instanceof Error ? error.message : String(error),
    });
  let child: ChildProcess | undefined;
  try {
    child = spawn(command, args, { cwd, env: environment, stdio, detached: true });
  } catch (error) {
    // A user's variable or word that no process can have, such as one with a zero byte.
    notStarted(error);
  }
  const pid = child?.pid;
  if (pid !== undefined) pidFiles.note(name, pid);
  child?.on('error', (error) => {
    // Also said of a signal or a message that could not be delivered, which changes nothing.
    if (pid === undefined) notStarted(error);
  });
  child?.once('exit', (code, signal) => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    pidFiles.forget(name);
    resolve({ code, signal, ranMs: performance.now() - startedMs });
  });
  const isRunning = (): boolean =>
    child !== undefined && child.exitCode === null && child.signalCode === null;
  const signalAll = (signal: NodeJS.Signals): void => {
    if (pid !== undefined && isRunning()) signalGroup(pid, signal);
  };
  const endedWithin = async (graceMs: number): Promise<ChildEnd> => {
    const timer = setTimeout(() => signalAll('SIGKILL'), graceMs);
    const end = await ended;
    clearTimeout(timer);
    return end;
  };
  return {
    process: pid === undefined ? undefined : child,
    ended,
    end(graceMs) {
      signalAll('SIGTERM');
      return endedWithin(graceMs);
    },
    endedWithin,
  };
}

export interface KeptChildOptions extends StartOptions {
  /** Asked for at every start. */
  command: () => ChildCommand;
  onStarted: (child: ChildProcess) => void;
  /** At once when it ended, whoever wanted that. */
  onEnded: (end: ChildEnd) => void;
  backoff?: Partial<BackoffOptions>;
}

/** A process that is started again whenever it ends, with back-off, until it is stopped. */
export interface KeptChild {
  readonly pid: number | undefined;
  readonly process: ChildProcess | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  start(): void;
  /** Ends the process; the next one starts as after any other end. */
  restart(graceMs: number): void;
  /** Ends it for good, or until the next `start`. `undefined` when it was not running. */
  stop(graceMs: number): Promise<ChildEnd | undefined>;
  /** As `stop`, for one that was told to end in another way: it is killed only after `graceMs`. */
  stopAfter(graceMs: number): Promise<ChildEnd | undefined>;
}

export function keepChild(options: KeptChildOptions): KeptChild {
  const backoff = createBackoff(options.backoff);
  let current: OwnChild | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isWanted = false;
  let starts = 0;
  const start = (): void => {
    timer = undefined;
    starts++;
    const child = startChild(options.command(), options);
    current = child;
    void child.ended.then((end) => {
      current = undefined;
      options.onEnded(end);
      if (isWanted) timer = setTimeout(start, backoff.delayMs(end.ranMs));
    });
    if (child.process !== undefined) options.onStarted(child.process);
  };
  const forgo = (): void => {
    isWanted = false;
    clearTimeout(timer);
  };
  return {
    get pid() {
      return current?.process?.pid;
    },
    get process() {
      return current?.process;
    },
    get restarts() {
      return Math.max(0, starts - 1);
    },
    start() {
      if (isWanted) return;
      isWanted = true;
      if (current === undefined) start();
    },
    restart(graceMs) {
      void current?.end(graceMs);
    },
    async stop(graceMs) {
      forgo();
      return current?.end(graceMs);
    },
    async stopAfter(graceMs) {
      forgo();
      return current?.endedWithin(graceMs);
    },
  };
}
