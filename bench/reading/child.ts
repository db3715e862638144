/**
 * One reading in a process of its own; prints what it took as JSON. Words: the reading, the folder of the data or the file of the
 * store's settings, the folder of the cache, and for `show` an id.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { openDatastore, openFolderDatastore, storeKinds } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { collectionFiles, createObjectCache, findRequest, openTables, timeWindow } from '@gleaner/insight';

import { deployment } from './generate.ts';

export interface Reading {
  ms: number;
  peakMegabytes: number;
  /** What was found, so that nobody counts wrong. */
  answer: string;
}

export type ReadingName = 'tables' | 'bare' | 'show';

const question = 'count(*) as n, round(avg(score), 6) as score, round(avg(visits), 6) as visits';
const collections = ['model_inputs', 'model_outputs'];

const readings: Record<ReadingName, (place: string, cache: string, id: string) => Promise<string>> = {
  tables: readTables,
  bare: readBare,
  show,
};

const [name = '', place = '', cache = '', id = ''] = process.argv.slice(2);
const reading = Object.entries(readings).find(([one]) => one === name)?.[1];
if (reading === undefined) throw new Error(`There is no reading ${name}.`);
const startedAt = performance.now();
const answer = await reading(place, cache, id);
const ms = performance.now() - startedAt;
console.log(
  JSON.stringify({ ms, peakMegabytes: process.resourceUsage().maxRSS / 1024, answer } satisfies Reading),
);

async function readTables(place: string, cacheFolder: string): Promise<string> {
  await using datastore = await openStore(place);
  await using cache = createObjectCache({ folder: cacheFolder });
  const sources = collections.map((one) => ({ datastore, collection: `${deployment}/${one}` }));
  await using tables = await openTables(sources, { cache });
  const rows = await Array.fromAsync(tables.query(`select ${question} from joined`));
  return rows.join('');
}

/** What nobody can be faster than: the types are known, the files are here, nothing is checked. */
async function readBare(folder: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const types = {
    model_inputs:
      'STRUCT(sepal_length DOUBLE, sepal_width DOUBLE, petal_length DOUBLE, petal_width DOUBLE, visits BIGINT, region VARCHAR, "returning" BOOLEAN)[]',
    model_outputs: 'STRUCT(species VARCHAR, score DOUBLE)[]',
  };
  const rows = (collection: keyof typeof types) =>
    `(select correlationid || '_' || (generate_subscripts(data, 1) - 1) as row_id, unnest(data, max_depth := 2)
      from read_json('${join(folder, deployment, collection)}/**/*.jsonl', format = 'newline_delimited',
        columns = {correlationid: 'VARCHAR', data: '${types[collection]}'}))`;
  const reader = await connection.runAndReadAll(
    `select ${question} from ${rows('model_inputs')} join ${rows('model_outputs')} using (row_id)`,
  );
  const [row] = reader.getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return `{"n":${Number(row?.['n'])},"score":${Number(row?.['score'])},"visits":${Number(row?.['visits'])}}`;
}

async function show(place: string, cacheFolder: string, id: string): Promise<string> {
  await using datastore = await openStore(place);
  await using cache = createObjectCache({ folder: cacheFolder });
  const objects = await Promise.all(
    collections.map((one) =>
      Array.fromAsync(collectionFiles(datastore, `${deployment}/${one}`, { window: timeWindow() })),
    ),
  );
  const found = await findRequest({ datastore, objects: objects.flat() }, id, { cache });
  return `${found.length} records`;
}

/** A folder, or a file with the settings of a store in Azure. */
async function openStore(place: string): Promise<Datastore> {
  if ((await readdir(place).catch(() => undefined)) !== undefined) return openFolderDatastore(place);
  const kind = storeKinds.find(({ type }) => type === 'azure_blob');
  if (kind === undefined) throw new Error('There is no store of type azure_blob.');
  return openDatastore({
    kind,
    settings: JSON.parse(await readFile(place, 'utf8')) as Record<string, string>,
  });
}
