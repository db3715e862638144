/** Files that name datastores: a collector's configuration, or the file of one datastore as `az ml` takes it. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';

import { readDatastore, readDatastores } from '@gleaner/datastore';
import type { DatastoreConfig } from '@gleaner/datastore';
import { formatFinding, openYaml } from '@gleaner/protocol';
import type { Field, Report } from '@gleaner/protocol';

import { usageError } from '../output/failure.ts';

/** By name; the file of one datastore that has none is called after the file. Error: `usage_invalid`. */
export async function readDatastoreFile(path: string): Promise<Map<string, DatastoreConfig>> {
  let source: Uint8Array;
  try {
    source = await readFile(path);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw usageError(`${path} cannot be read: ${why}.`, 'Name a file with datastores.');
  }
  const { root, report } = openYaml(source);
  const found = root === undefined ? undefined : readRoot(root, report, resolve(path));
  const { problems } = report.findings();
  if (found !== undefined && problems.length === 0) return found;
  throw usageError(
    problems.map((problem) => formatFinding(problem, path)).join('\n'),
    `Correct ${path} in the lines named.`,
  );
}

function readRoot(root: Field, report: Report, path: string): Map<string, DatastoreConfig> {
  const folder = dirname(path);
  const many = memberOf(root, 'datastores');
  if (many !== undefined) return readDatastores(many, report, { folder });
  const config = readDatastore(root, report, { folder, isFile: true });
  const name = memberOf(root, 'name')?.value;
  const called = name?.kind === 'text' ? name.value : basename(path, extname(path));
  return new Map(config === undefined ? [] : [[called, config]]);
}

function memberOf({ value, path }: Field, name: string): Field | undefined {
  if (value.kind !== 'map') return undefined;
  const entry = value.entries.find((one) => one.name === name);
  if (entry === undefined) return undefined;
  const place = {
    path: path === '' ? name : `${path}.${name}`,
    line: entry.key.line,
    column: entry.key.column,
  };
  return { ...place, key: place, value: entry.value };
}
