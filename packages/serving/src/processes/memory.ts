import { readdir, readFile } from 'node:fs/promises';

/**
 * Memory of all processes of a group, in bytes; what they share is counted once. `undefined` where the system does not tell.
 */
export async function groupMemoryBytes(group: number): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(pids.map((pid) => memberBytes(pid, group)));
  const known = sizes.filter((size) => size !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, size) => sum + size, 0);
}

async function memberBytes(pid: string, group: number): Promise<number | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  if (stat === undefined || Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group)
    return undefined;
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec((await read(`/proc/${pid}/smaps_rollup`)) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Processes end at any time. */
function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
