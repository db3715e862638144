/**
 * What reading a day costs: two collections of a million rows each, joined by row id and counted, and one request found; in a
 * folder and from Azurite, against bare DuckDB that is told the types, in turn in one run.
 *
 *     node bench/reading/main.ts [--rows 1000000] [--turns 5]
 *
 * Cold is an empty cache; the files themselves may be in the memory of the machine, in all cases alike.
 */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { openDatastore, storeKinds } from '@gleaner/datastore';
import { startAzurite } from '@gleaner/testkit';
import type { Azurite } from '@gleaner/testkit';

import { median } from '../ratio.ts';
import { printTable } from '../table.ts';
import type { Reading, ReadingName } from './child.ts';
import { generateDay } from './generate.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, turns: { type: 'string', default: '5' } },
});
const child = join(import.meta.dirname, 'child.ts');
const run = promisify(execFile);

interface Case {
  name: string;
  reading: ReadingName;
  place: string;
  /** Without one it has an empty cache each time. */
  cache?: string;
  /** Milliseconds that were promised. */
  target?: number;
}

const folder = await mkdtemp(join(tmpdir(), 'gleaner-reading-'));
try {
  const data = join(folder, 'data');
  const { bytes, correlationId } = await generateDay(data, Number(values.rows));
  console.log(
    `${values.rows} rows in each of two collections, 24 hours, ${(bytes / 1e9).toFixed(2)} GB of lines`,
  );
  await using azurite = await startAzurite();
  const azure = join(folder, 'azure.json');
  await upload(azurite, data, azure);
  const [warm, warmAzure] = [join(folder, 'warm'), join(folder, 'warm azure')];
  const cases: Case[] = [
    { name: 'bare DuckDB, types given', reading: 'bare', place: data },
    { name: 'tables, warm', reading: 'tables', place: data, cache: warm, target: 2000 },
    { name: 'tables, cold', reading: 'tables', place: data },
    { name: 'tables from Azurite, cold', reading: 'tables', place: azure, target: 10_000 },
    { name: 'tables from Azurite, warm', reading: 'tables', place: azure, cache: warmAzure, target: 2000 },
    { name: 'show, warm', reading: 'show', place: data, cache: warm, target: 1000 },
    { name: 'show from Azurite, warm', reading: 'show', place: azure, cache: warmAzure, target: 1000 },
  ];
  const results = new Map<string, Reading[]>();
  for (const one of cases) if (one.cache !== undefined) await measure(one, correlationId);
  for (let turn = 0; turn < Number(values.turns); turn++) {
    for (const one of cases) {
      results.set(one.name, [...(results.get(one.name) ?? []), await measure(one, correlationId)]);
    }
  }
  report(cases, results);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure({ reading, place, cache }: Case, id: string): Promise<Reading> {
  const own = cache ?? (await mkdtemp(join(folder, 'cold-')));
  const { stdout } = await run(process.execPath, [child, reading, place, own, id]);
  if (cache === undefined) await rm(own, { recursive: true });
  return JSON.parse(stdout) as Reading;
}

/** Puts the files into a container, and writes down how it is reached. */
async function upload(azurite: Azurite, data: string, file: string): Promise<void> {
  await azurite.createContainer('reading');
  const settings = {
    account_name: azurite.account,
    container_name: 'reading',
    endpoint: azurite.endpoint,
    protocol: 'http',
    'credentials.account_key': azurite.accountKey,
  };
  await writeFile(file, JSON.stringify(settings));
  const kind = storeKinds.find(({ type }) => type === 'azure_blob');
  if (kind === undefined) throw new Error('There is no store of type azure_blob.');
  await using datastore = await openDatastore({ kind, settings });
  for (const name of await readdir(data, { recursive: true })) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(data, name);
    const { size } = await stat(path);
    await datastore.put(name, { byteLength: size, open: () => createReadStream(path) });
  }
}

function report(cases: readonly Case[], results: ReadonlyMap<string, readonly Reading[]>): void {
  const bare = medianMs(results.get(cases[0]?.name ?? '') ?? []);
  const rows = cases.map(({ name, reading, target }) => {
    const all = results.get(name) ?? [];
    const times = all.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
    const peak = Math.max(...all.map(({ peakMegabytes }) => Math.round(peakMegabytes)));
    const ratio = reading === 'show' ? '' : (medianMs(all) / bare).toFixed(2);
    return [
      name,
      Math.round(medianMs(all)),
      `${times[0]}–${times.at(-1)}`,
      ratio,
      target ?? '',
      peak,
      all[0]?.answer ?? '',
    ];
  });
  printTable(['reading', 'ms', 'of turns', '× bare', 'target', 'peak MB', 'answer'], rows);
}

function medianMs(readings: readonly Reading[]): number {
  return median(readings.map(({ ms }) => ms));
}
