/** Which processes belong to this data folder, so that the next life can end those of one that was killed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readBootId, readStat } from '../proc.ts';

/** A process that a root process started as the leader of a group of its own. */
export interface NotedProcess {
  pid: number;
  /** In ticks since the boot; tells it from a stranger that got its number later. */
  startTicks: number;
  bootId: string;
}

export interface PidFiles {
  /** Written before it returns: between start and note nothing else happens. */
  note(name: string, pid: number): void;
  forget(name: string): void;
  /** The groups of all that were noted and not forgotten. */
  groups(): number[];
}

export function openPidFiles(folder: string): PidFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bootId = readBootId();
  const pathOf = (name: string): string => join(folder, `${encodeURIComponent(name)}.json`);
  const pids = new Map<string, number>();
  return {
    note(name, pid) {
      pids.set(name, pid);
      const startTicks = readStat(pid)?.startTicks;
      if (startTicks === undefined || bootId === undefined) return;
      const noted: NotedProcess = { pid, startTicks, bootId };
      ignoringDisk(() => writeFileSync(pathOf(name), JSON.stringify(noted), { mode: 0o600 }));
    },
    groups: () => [...pids.values()],
    forget(name) {
      pids.delete(name);
      ignoringDisk(() => rmSync(pathOf(name), { force: true }));
    },
  };
}

/** A full disk must not end what serves. What it costs: a process that outlives a killed root. */
function ignoringDisk(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
