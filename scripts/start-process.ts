// `npm start` as a process of its own, as a terminal starts it. For tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository } from './repository.ts';

export interface Show {
  /** What it has printed so far, on standard output and error. */
  output(): string;
  /** Resolves once `isReached`, or when it has ended. */
  until(isReached: () => boolean | Promise<boolean>): Promise<void>;
  /** As a terminal does, or to npm alone. */
  signal(signal: NodeJS.Signals, receiver: 'group' | 'npm'): void;
  /** The exit code of npm, once nobody holds its output any more. */
  readonly ended: Promise<number | null>;
  /** Command lines of the processes that were started and are still there, Python's included. Needs /proc. */
  survivors(): Promise<string[]>;
}

let shows = 0;

export interface ShowOptions {
  environment?: Record<string, string>;
  /** It ends by itself. */
  endsItself?: boolean;
}

export function startShow(data: string, { environment = {}, endsItself = true }: ShowOptions = {}): Show {
  const mark = `GLEANER_TEST_SHOW=${process.pid}-${shows++}`;
  const [name = '', value = ''] = mark.split('=');
  // Without what npm has put before the machine's own commands for this test.
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((one) => !one.includes('node_modules'));
  const flags = ['--data', data, '--listen', '127.0.0.1:0', ...(endsItself ? ['--once'] : [])];
  const npm = spawn('npm', ['start', '--', ...flags], {
    cwd: repository,
    env: { ...process.env, NO_COLOR: '1', PATH: path.join(delimiter), ...environment, [name]: value },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  }
  const isRunning = () => npm.exitCode === null && npm.signalCode === null;
  return {
    output: () => text,
    async until(isReached) {
      while (isRunning() && !(await isReached())) await sleep(2);
    },
    signal(signal, receiver) {
      if (isRunning() && npm.pid !== undefined)
        process.kill(receiver === 'group' ? -npm.pid : npm.pid, signal);
    },
    ended: once(npm, 'close').then(() => npm.exitCode),
    survivors: () => processesWith(mark),
  };
}

async function processesWith(mark: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    try {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
      if (!environment.split('\0').includes(mark)) return [];
      return [(await readFile(`/proc/${pid}/cmdline`, 'latin1')).replaceAll('\0', ' ')];
    } catch {
      // It has just ended, or belongs to somebody else.
      return [];
    }
  });
  return (await Promise.all(found)).flat();
}
