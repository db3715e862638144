import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { GleanerError } from '@gleaner/protocol';

import { readBootId, readStat } from './pid-files.ts';

/**
 * Makes this process the only root process of the folder until it is disposed of, or dies.
 *
 * Error: `data_in_use` when another one runs.
 */
export function lockData(runFolder: string): Disposable {
  const path = join(runFolder, 'root.lock');
  const own = `${process.pid} ${readStat(process.pid)?.startTicks} ${readBootId()}`;
  for (;;) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, own);
      closeSync(file);
      return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const pid = holderOf(path);
    if (pid !== undefined) {
      throw new GleanerError('data_in_use', `Process ${pid} runs a workspace on this data folder already.`, {
        fix: 'End it, or choose another folder with --data.',
      });
    }
    rmSync(path, { force: true });
  }
}

function holderOf(path: string): number | undefined {
  const [pid = '', startTicks, bootId] = readFileSync(path, 'utf8').split(' ');
  const stat = readStat(Number(pid));
  const isThere = stat !== undefined && !stat.isZombie && String(stat.startTicks) === startTicks;
  return isThere && bootId === readBootId() ? Number(pid) : undefined;
}
