import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readBootId, readStat } from '../proc.ts';
import type { NotedProcess } from './pid-files.ts';

const pollMs = 25;

/**
 * Ends what a former life of this data folder left running: asks, and kills after `graceMs`. A process that only has the number
 * of one of them is left alone. Returns how many groups of processes there were.
 */
export async function endLeftovers(folder: string, { graceMs }: { graceMs: number }): Promise<number> {
  const files = listFolder(folder).filter((name) => name.endsWith('.json'));
  const groups = files
    .map((name) => readNoted(join(folder, name)))
    .filter((noted) => noted !== undefined)
    .filter(isOurs)
    .map(({ pid }) => pid);
  signalGroups(groups, 'SIGTERM');
  const deadlineMs = performance.now() + graceMs;
  while (groups.some(isAlive) && performance.now() < deadlineMs) await sleep(pollMs);
  const stubborn = groups.filter(isAlive);
  signalGroups(stubborn, 'SIGKILL');
  while (stubborn.some(isAlive)) await sleep(pollMs);
  for (const name of files) rmSync(join(folder, name), { force: true });
  return groups.length;
}

/** The leader may be gone and others of its group still there: the number of a group in use is not given to a stranger. */
function isOurs({ pid, startTicks, bootId }: NotedProcess): boolean {
  if (bootId !== readBootId()) return false;
  const leader = readStat(pid);
  return leader === undefined || leader.isZombie ? isAlive(pid) : leader.startTicks === startTicks;
}

/** Whether a process of the group runs. One that only waits for its parent to take note of its end does not. */
function isAlive(group: number): boolean {
  return listFolder('/proc').some((name) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    return stat?.group === group && !stat.isZombie;
  });
}

function signalGroups(groups: readonly number[], signal: NodeJS.Signals): void {
  for (const group of groups) signalGroup(group, signal);
}

/** Does nothing when no process of the group is left. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function readNoted(path: string): NotedProcess | undefined {
  try {
    const { pid, startTicks, bootId } = JSON.parse(readFileSync(path, 'utf8')) as Partial<NotedProcess>;
    return pid === undefined || pid <= 1 || startTicks === undefined || bootId === undefined
      ? undefined
      : { pid, startTicks, bootId };
  } catch {
    // Cut in the middle of being written: its process was not noted.
    return undefined;
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
