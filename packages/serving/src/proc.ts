/** What Linux tells of processes in `/proc`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProcessStat {
  group: number;
  /** In ticks since the boot; tells it from a stranger that got its number later. */
  startTicks: number;
  isZombie: boolean;
}

/** `undefined` when there is no such process, or no `/proc`. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the name, in brackets, with anything in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { group: Number(fields[2]), startTicks: Number(fields[19]), isZombie: fields[0] === 'Z' };
}

export function readBootId(): string | undefined {
  return readProc('sys/kernel/random/boot_id')?.trim();
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(join('/proc', path), 'utf8');
  } catch {
    return undefined;
  }
}
