import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openFolderDatastore } from '@gleaner/datastore';
import { InsightError } from './errors.ts';
import type { Finding } from './findings.ts';
import { joinRows } from './join.ts';
import { readRows } from './rows.ts';
import type { Row } from './rows.ts';
import { timeWindow } from './time-window.ts';

/** What the original gives for a folder of `spec/fixtures/reader` (its README.md explains). */
interface FixtureCase {
  what: string;
  kind?: 'rule' | 'accident' | 'refused';
  from: string;
  to: string;
  rowIds: boolean;
  types?: Record<string, string>;
  rows?: Record<string, unknown>[];
  error?: string;
}

/** What comes out where the original refuses the window, or where we differ: the values of the rows, or the error's code. */
interface OurAnswer {
  rows?: string[];
  error?: string;
  findings: string[];
}

const fixtures = fileURLToPath(new URL('../../../spec/fixtures/reader', import.meta.url));
const root = await mkdtemp(join(tmpdir(), 'gleaner-reader-'));
after(() => rm(root, { recursive: true }));

const ours: Record<string, OurAnswer> = {
  'window-without-data': { error: 'no_data', findings: [] },
  'only-empty-files': { error: 'no_data', findings: [] },
  // An offset is honoured here, so these are other hours.
  'window-offset-ignored': { error: 'no_data', findings: [] },
  // What a body beside the line holds is given as it was sent, whatever the other lines hold.
  'dataref-other-columns': {
    rows: ['r1_0 a=1 b="x" c=1.5', 'r2_0 a=2 c=2 extra="lost"', 'r2_1 a=2.75 b=7 c=3.5'],
    findings: [],
  },
  // An object that is always empty is a column like any other.
  'only-nulls': { rows: ['r1_0 a=1 n=null e=[] o={}', 'r2_0 a=null n=null e=[] o={}'], findings: [] },
  'dataref-only': { rows: ['r1_0 a=1'], findings: [] },
  'data-is-a-url': { rows: ['r1_0 a=1'], findings: ['data_not_rows:2'] },
  'data-object': { rows: [], findings: ['data_not_rows:1', 'data_not_rows:2'] },
  'data-array-of-arrays': { rows: [], findings: ['data_not_rows:1'] },
  'correlation-id-missing-always': { rows: ['0 a=1'], findings: ['correlation_missing:1'] },
  'all-lines-broken': { rows: [], findings: ['line_broken:1', 'line_broken:2', 'line_broken:3'] },
  'names-that-clash-by-case': { rows: ['r1_0 Age=1 age=2'], findings: [] },
  'join-shared-column': { rows: ['r1_0 a=1 inputs.score=0.5 score=0.9'], findings: [] },
  'join-nothing-in-common': { error: 'join_empty', findings: [] },
};

for (const folder of ['', 'edge']) {
  const text = await readFile(join(fixtures, folder, 'expected.json'), 'utf8');
  describe(`readRows on spec/fixtures/reader/${folder}`, () => {
    for (const [name, fixture] of Object.entries(JSON.parse(text) as Record<string, FixtureCase>)) {
      it(`${name}: ${fixture.what}`, async () => {
        const { rows, findings, error } = await read(await copyOf(join(folder, name)), fixture);
        const own = ours[name];
        if (own !== undefined) {
          const actual = {
            ...(error === undefined ? { rows: rows.map(plainly).sort() } : { error }),
            findings,
          };
          assert.notEqual(fixture.kind, 'rule');
          assert.deepEqual(actual, own);
          return;
        }
        assert.equal(error, undefined);
        assert.ok(fixture.rows !== undefined && fixture.types !== undefined);
        const { types, rowIds } = fixture;
        const actual = rows.map((row) => asOriginal(row, { types, rowIds }));
        assert.deepEqual(sorted(actual), sorted(fixture.rows));
      });
    }
  });
}

async function copyOf(path: string): Promise<string> {
  const copy = join(root, path);
  await cp(join(fixtures, path), copy, { recursive: true });
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    const text = await readFile(file, 'utf8');
    if (text.includes('@ROOT@')) await writeFile(file, text.replaceAll('@ROOT@', join(copy, 'inputs')));
  }
  return copy;
}

async function read(
  folder: string,
  fixture: FixtureCase,
): Promise<{ rows: Row[]; findings: string[]; error?: string }> {
  await using datastore = await openFolderDatastore(folder);
  const window = timeWindow(fixture);
  const findings: string[] = [];
  const onFinding = ({ code, line }: Finding) => findings.push(`${code}:${line}`);
  const side = (name: string) => ({ name, rows: readRows(datastore, name, { window, onFinding }) });
  const joins = (await readdir(folder)).includes('outputs');
  const rows = joins ? joinRows(side('inputs'), side('outputs')) : side('inputs').rows;
  try {
    return { rows: await Array.fromAsync(rows), findings };
  } catch (error) {
    if (error instanceof InsightError) return { rows: [], findings, error: error.code };
    throw error;
  }
}

/** `r1_0 a=1 b="x"` */
function plainly(row: Row): string {
  return [row.rowId, ...Array.from(row.columns, ([name, value]) => `${name}=${value}`)].join(' ');
}

/** The row as the original gives it: typed by the whole window, null and absent alike, nested values as text. */
function asOriginal(
  row: Row,
  { types, rowIds }: { types: Record<string, string>; rowIds: boolean },
): Record<string, unknown> {
  const values: Record<string, unknown> = rowIds ? { correlationid: row.rowId } : {};
  for (const [name, text] of row.columns) {
    const value: unknown = JSON.parse(text);
    if (value === null) continue;
    const type = types[name];
    assert.ok(type !== undefined, `column ${name}`);
    if (type === 'string') values[name] = typeof value === 'string' ? value : textWithoutNulls(value);
    else values[name] = value;
  }
  return values;
}

function textWithoutNulls(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).filter(([, inner]) => inner !== null));
  });
}

function sorted(rows: Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}
