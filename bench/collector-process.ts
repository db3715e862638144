/** `gleaner collect` as a process of its own. */
import { spawn } from 'node:child_process';

import { gleaner } from '../scripts/repository.ts';

export interface CollectorProcess {
  readonly pid: number | undefined;
  /** Ports, or how the process ended before it listened. */
  readonly ready: Promise<{ port: number; adminPort: number } | { ended: string }>;
  /** How it ended. */
  readonly exited: Promise<Ending>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

export interface Ending {
  /** `undefined` when it was killed. */
  code: number | undefined;
  /** Its last log lines. */
  log: string;
}

const logTail = 4000;
const started = /"event":"started","intake":"[^"]*:(\d+)","admin":"[^"]*:(\d+)"/;

export function collectCommand(collectorFile: string, dataFolder: string): string[] {
  return [...gleaner, 'collect', '--config', collectorFile, '--data', dataFolder];
}

/** Starts {@link collectCommand}, or another program that logs as it does. It ends with this process at the latest. */
export function startCollector([file = '', ...args]: readonly string[]): CollectorProcess {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  const listening = new Promise<{ port: number; adminPort: number }>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-logTail);
      const [, port, adminPort] = started.exec(log) ?? [];
      if (port !== undefined) resolve({ port: Number(port), adminPort: Number(adminPort) });
    });
  });
  const exited = new Promise<Ending>((resolve) => {
    child.once('close', (code) => {
      process.off('exit', kill);
      resolve({ code: code ?? undefined, log });
    });
  });
  const ended = exited.then(({ code }) => ({ ended: `ended with code ${code} before it listened:\n${log}` }));
  return {
    pid: child.pid,
    ready: Promise.race([listening, ended]),
    exited,
    signal: (name) => void child.kill(name),
  };
}
