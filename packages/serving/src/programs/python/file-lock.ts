import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readStat } from '../../proc.ts';

export interface FileLockOptions {
  /** Told once when another process holds the lock. */
  onWait: (pid: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Runs `work` while nobody else of this machine holds `path`, a file that names its holder. The lock of a process that is
 * gone counts as free. Calls of one process wait for each other as well.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: FileLockOptions,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${process.pid} ${startedAt(process.pid)}`;
  let told = false;
  while (!(await take(path, own))) {
    const pid = await liveHolder(path);
    if (pid === 'gone') continue;
    if (pid === 'dead') {
      await rm(path, { force: true });
      continue;
    }
    if (!told) onWait(pid);
    told = true;
    await sleep(200, undefined, signal === undefined ? {} : { signal });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** A hard link appears with its content, so nobody ever sees a lock without a holder. */
async function take(path: string, holder: string): Promise<boolean> {
  const own = `${path}.${process.pid}.${crypto.randomUUID()}`;
  await writeFile(own, holder);
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return false;
  } finally {
    await rm(own);
  }
}

async function liveHolder(path: string): Promise<number | 'gone' | 'dead'> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw error;
  }
  const [pid = '', started = ''] = content.split(' ');
  // In a container the next life of a process has the number of the last one.
  return isAlive(Number(pid)) && startedAt(Number(pid)) === started ? Number(pid) : 'dead';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Clock ticks from the start of the machine; empty where the system does not tell. */
function startedAt(pid: number): string {
  return String(readStat(pid)?.startTicks ?? '');
}
