/** A collector process that is going to be killed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { gleaner } from '../../scripts/repository.ts';

export interface VictimOptions {
  collectorFile: string;
  dataFolder: string;
  /** Of the store's faults; without it the store is sound, and the process is `gleaner collect` itself. */
  faultSeed?: number;
}

export interface Victim {
  /** Port of the intake, or how the process ended before it listened. */
  readonly ready: Promise<{ port: number } | { ended: string }>;
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

export function startVictim(options: VictimOptions): Victim {
  const child = start(options);
  // Nothing stays behind when this process ends in the middle.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  const listening = new Promise<{ port: number }>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-logTail);
      const port = /"event":"started","intake":"[^"]*:(\d+)"/.exec(log)?.[1];
      if (port !== undefined) resolve({ port: Number(port) });
    });
  });
  const exited = new Promise<Ending>((resolve) => {
    child.once('close', (code) => {
      process.off('exit', kill);
      resolve({ code: code ?? undefined, log });
    });
  });
  const ended = exited.then(({ code }) => ({ ended: `ended with code ${code} before it listened:\n${log}` }));
  return { ready: Promise.race([listening, ended]), exited, signal: (name) => void child.kill(name) };
}

function start({ collectorFile, dataFolder, faultSeed }: VictimOptions): ChildProcess {
  const command =
    faultSeed === undefined
      ? [...gleaner, 'collect', '--config', collectorFile, '--data', dataFolder]
      : [
          process.execPath,
          join(import.meta.dirname, 'faulty-collector.ts'),
          collectorFile,
          dataFolder,
          `${faultSeed}`,
        ];
  const [file = '', ...args] = command;
  return spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
