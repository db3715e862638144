import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Counts {
  missing: number;
  duplicate: number;
  broken: number;
}

/** Reads every line with nothing but JSON.parse, and holds it against what was acknowledged. */
export async function countStored(
  folder: string,
  acknowledged: ReadonlyMap<string, number>,
): Promise<Counts> {
  const times = new Map<string, number>();
  let broken = 0;
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.jsonl') && !one.startsWith('.spool'))) {
    const text = await readFile(join(folder, name), 'utf8');
    if (text !== '' && !text.endsWith('\n')) broken++;
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const id = await idOfWhole(line);
      if (id === undefined) broken++;
      else times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  const missing = [...acknowledged.keys()].filter((id) => !times.has(id)).length;
  const duplicate = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
  return { missing, duplicate, broken };
}

/** The id of a record whose body is whole, in its line or beside it. */
async function idOfWhole(line: string): Promise<string | undefined> {
  try {
    const record = JSON.parse(line) as Record<string, string> & { data?: { id: string }[] };
    const total = Number(/\/(\d+)$/.exec(record['contentrange'] ?? '')?.[1]);
    const { dataref } = record;
    if (dataref !== undefined) return (await stat(dataref)).size === total ? record['id'] : undefined;
    return JSON.stringify(record.data).length === total ? record['id'] : undefined;
  } catch {
    return undefined;
  }
}
