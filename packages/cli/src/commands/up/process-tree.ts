/** What a process has started, by /proc. For tests. */
import { readFile, readdir } from 'node:fs/promises';

export interface FoundProcess {
  pid: number;
  command: string;
}

/** The descendants of a process, nearest first. */
export async function descendantsOf(root: number): Promise<FoundProcess[]> {
  const all = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => processOf(Number(name))),
  );
  const byParent = Map.groupBy(
    all.filter((one) => one !== undefined),
    ({ parent }) => parent,
  );
  const found: FoundProcess[] = [];
  for (const next = [root]; next.length > 0;) {
    const children = byParent.get(next.shift() ?? 0) ?? [];
    found.push(...children.map(({ pid, command }) => ({ pid, command })));
    next.push(...children.map(({ pid }) => pid));
  }
  return found;
}

async function processOf(pid: number): Promise<(FoundProcess & { parent: number }) | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).replaceAll('\0', ' ').trim();
    return { pid, command, parent: Number(parent) };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
