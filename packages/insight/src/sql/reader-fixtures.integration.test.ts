/** The views of the reader's fixtures hold the rows that `readRows` gives, with the types of the original. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openFolderDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { createObjectCache } from '../cache/object-cache.ts';
import type { Finding } from '../findings.ts';
import { joinRows } from '../join.ts';
import { columnName, readRows } from '../rows.ts';
import type { Row } from '../rows.ts';
import { timeWindow } from '../time-window.ts';
import { openTables } from './tables.ts';
import type { Tables } from './tables.ts';

const fixtures = fileURLToPath(new URL('../../../../spec/fixtures/reader', import.meta.url));
const root = await mkdtemp(join(tmpdir(), "gleaner tables'-"));
after(() => rm(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, `${folders++}`);
const cacheFolder = newFolder();

interface FixtureCase {
  what: string;
  kind?: string;
  from: string;
  to: string;
  types?: Record<string, string>;
}

const sqlTypes: Record<string, readonly string[]> = {
  bigint: ['BIGINT'],
  double: ['DOUBLE'],
  boolean: ['BOOLEAN'],
  string: ['VARCHAR', 'JSON'],
};

/** Where the types of the original are not ours, as docs/read-the-data.md and reader-fixtures.test.ts say. */
const otherTypes: readonly string[] = ['dataref-other-columns', 'only-nulls'];

/** Spark refuses these names; a view has them, the second with a number. */
const renamed: Record<string, Record<string, string>> = {
  'names-that-clash-by-case': { age: 'age_2' },
};

for (const folder of ['', 'edge']) {
  const text = await readFile(join(fixtures, folder, 'expected.json'), 'utf8');
  describe(`openTables on spec/fixtures/reader/${folder}`, () => {
    for (const [name, fixture] of Object.entries(JSON.parse(text) as Record<string, FixtureCase>)) {
      it(`${name} has the rows that readRows gives: ${fixture.what}`, async () => {
        await using datastore = await openFolderDatastore(await copyOf(join(folder, name)));
        const window = timeWindow(fixture);
        const joins = (await readdir(datastore.url('x').slice(0, -1))).includes('outputs');
        const expected = await rowsOf(datastore, { window, joins });
        // The second time nothing is looked at anew.
        for (let turn = 0; turn < 2; turn++) {
          const found = await selectAll(datastore, { window, joins });
          if (expected.error !== undefined) {
            const isEmptyJoin = expected.error === 'join_empty' && found.rows.length === 0;
            assert.ok(isEmptyJoin || found.error === expected.error, found.error);
            continue;
          }
          assert.equal(found.error, undefined);
          const { types } = found;
          const rows = expected.rows.map((row) => plainRow(row, { types, renamed: renamed[name] ?? {} }));
          assert.deepEqual(found.rows.toSorted(), rows.toSorted());
          assert.deepEqual(found.findings, expected.findings);
          if (fixture.types === undefined || otherTypes.includes(name)) continue;
          for (const [column, type] of Object.entries(fixture.types)) {
            const ours = types.get(column);
            assert.ok(sqlTypes[type]?.includes(ours ?? ''), `${column} is ${ours}, not ${type}`);
          }
        }
      });
    }
  });
}

interface Case {
  window: ReturnType<typeof timeWindow>;
  joins: boolean;
}

async function rowsOf(
  datastore: Datastore,
  { window, joins }: Case,
): Promise<{ rows: Row[]; findings: string[]; error?: string }> {
  const findings: string[] = [];
  const onFinding = ({ code, line }: Finding) => void findings.push(`${code}:${line}`);
  const side = (name: string) => ({ name, rows: readRows(datastore, name, { window, onFinding }) });
  try {
    const rows = joins ? joinRows(side('inputs'), side('outputs')) : side('inputs').rows;
    return { rows: await Array.fromAsync(rows), findings };
  } catch (error) {
    return { rows: [], findings, error: codeOf(error) };
  }
}

async function selectAll(datastore: Datastore, { window, joins }: Case) {
  const findings: string[] = [];
  const onFinding = ({ code, line }: Finding) => void findings.push(`${code}:${line}`);
  const collections = joins ? ['outputs', 'inputs'] : ['inputs'];
  try {
    await using cache = createObjectCache({ folder: cacheFolder });
    await using tables = await openTables(
      collections.map((collection) => ({ datastore, collection, window, onFinding })),
      { cache },
    );
    const name = joins ? 'joined' : 'inputs';
    const types = new Map(
      tables.tables.find((table) => table.name === name)?.columns.map((column) => [column.name, column.type]),
    );
    const rows = (await ask(tables, `select * exclude (time) from ${name}`)).map((row) =>
      JSON.stringify(sorted(row)),
    );
    return { rows, types, findings };
  } catch (error) {
    return { rows: [], types: new Map<string, string>(), findings, error: codeOf(error) };
  }
}

/** The row as a view of these types has it: what is absent is null, what is mixed is text. */
function plainRow(
  row: Row,
  { types, renamed }: { types: ReadonlyMap<string, string>; renamed: Record<string, string> },
): string {
  const values: Record<string, unknown> = {};
  for (const column of types.keys()) if (column !== 'time') values[column] = null;
  for (const [name, text] of row.columns) {
    const column = renamed[name] ?? columnName(name);
    assert.ok(types.has(column), column);
    const value: unknown = JSON.parse(text);
    const isText = types.get(column) === 'VARCHAR' && value !== null && typeof value !== 'string';
    values[column] = isText ? JSON.stringify(value) : value;
  }
  return JSON.stringify(sorted({ ...values, row_id: row.rowId, correlationid: row.correlationId ?? null }));
}

function sorted(row: Record<string, unknown>): [string, unknown][] {
  return Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function ask(tables: Tables, sql: string): Promise<Record<string, unknown>[]> {
  return Array.fromAsync(tables.query(sql), (json) => JSON.parse(json) as Record<string, unknown>);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}

async function copyOf(path: string): Promise<string> {
  const copy = join(newFolder(), path);
  await cp(join(fixtures, path), copy, { recursive: true });
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    const text = await readFile(file, 'utf8');
    if (text.includes('@ROOT@')) await writeFile(file, text.replaceAll('@ROOT@', join(copy, 'inputs')));
  }
  return copy;
}
