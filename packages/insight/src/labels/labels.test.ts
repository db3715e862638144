import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { GleanerError } from '@gleaner/protocol';
import { rowJson } from '../rows.ts';
import type { Row } from '../rows.ts';
import { openEngine } from '../sql/duckdb.ts';
import { joinLabels, readLabelFile, readLabelRows } from './labels.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-labels-'));
after(() => rm(folder, { recursive: true }));

async function* rows(...all: readonly [id: string, columns: Record<string, string>][]): AsyncGenerator<Row> {
  for (const [id, columns] of all) {
    yield {
      rowId: `${id}_0`,
      correlationId: id,
      time: '2026-11-23T18:00:00Z',
      columns: new Map(Object.entries(columns)),
    };
  }
}

const three = () =>
  rows(
    ['1', { x: '1.0', order: '"007"' }],
    ['2', { x: '2.0', order: '8' }],
    ['3', { x: '3.0', order: 'null' }],
  );

/** What is joined, without ids and time. */
async function joined(labels: Awaited<ReturnType<typeof readLabelFile>>, side = three()): Promise<string[]> {
  const texts: string[] = [];
  for await (const row of joinLabels({ name: 'joined', rows: side }, labels))
    texts.push(rowJson(row).replace(/,"correlationid":.*?Z"/, ''));
  return texts;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** The code of the error, and what is wrong. */
async function failure(work: Promise<unknown>): Promise<[string, string]> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof GleanerError, String(error));
  return [error.code, error.message];
}

const collected = () => rows(['1', { label: '"cat"', order: '8' }]);

describe('readLabelFile and joinLabels', () => {
  it('joins by row id, which is text although it looks like a number', async () => {
    const labels = await readLabelFile(await file('ids.csv', 'row_id,label,score\n1_0,cat,0.5\n2_0,dog,1\n'));
    assert.deepEqual(await joined(labels), [
      '{"row_id":"1_0","x":1.0,"order":"007","label":"cat","score":0.5}',
      '{"row_id":"2_0","x":2.0,"order":8,"label":"dog","score":1.0}',
    ]);
  });

  it('joins by a column of the user, text or number', async () => {
    const path = await file('orders.csv', 'order,label\n007,a\n8,b\n9,c\n');
    const labels = await readLabelFile(path, { on: 'order' });
    assert.deepEqual(await joined(labels), [
      '{"row_id":"1_0","x":1.0,"order":"007","label":"a"}',
      '{"row_id":"2_0","x":2.0,"order":8,"label":"b"}',
    ]);
  });

  it('reads JSON lines and Parquet, nested values and long numbers as they are', async () => {
    const text =
      '{"row_id":"1_0","label":{"is":"cat"},"n":12345678901234567}\n{"row_id":"2_0","label":{"is":"dog"},"n":1}\n';
    const jsonl = await file('labels.jsonl', text);
    const parquet = join(folder, 'labels.parquet');
    await using engine = await openEngine({ memory: '100MB', spillFolder: join(folder, 'spill') });
    await engine.run(`copy (from read_json('${jsonl}')) to '${parquet}' (format parquet)`);
    for (const path of [jsonl, parquet]) {
      assert.deepEqual(await joined(await readLabelFile(path)), [
        '{"row_id":"1_0","x":1.0,"order":"007","label":{"is":"cat"},"n":12345678901234567}',
        '{"row_id":"2_0","x":2.0,"order":8,"label":{"is":"dog"},"n":1}',
      ]);
    }
  });

  it('gives a row for each of its labels, and tells of those without', async () => {
    const labels = await readLabelFile(await file('twice.csv', 'row_id,label\n1_0,a\n1_0,b\n'));
    const unlabelled: string[] = [];
    const side = { name: 'joined', rows: three() };
    const found = await Array.fromAsync(joinLabels(side, labels, (row) => unlabelled.push(row.rowId)));
    assert.deepEqual(
      found.map(({ columns }) => columns.get('label')),
      ['"a"', '"b"'],
    );
    assert.deepEqual(unlabelled, ['2_0', '3_0']);
  });

  it('gives a column of both sides a longer name on the side of the rows', async () => {
    const labels = await readLabelFile(await file('shared.csv', 'row_id,x\n1_0,9\n'));
    assert.deepEqual(await joined(labels), ['{"row_id":"1_0","joined.x":1.0,"order":"007","x":9}']);
  });

  it('takes labels that were collected', async () => {
    assert.deepEqual(await joined(await readLabelRows({ name: 'labels', rows: collected() })), [
      '{"row_id":"1_0","x":1.0,"joined.order":"007","label":"cat","order":8}',
    ]);
    assert.deepEqual(await joined(await readLabelRows({ name: 'labels', rows: collected() }, 'order')), [
      '{"row_id":"2_0","x":2.0,"order":8,"label":"cat"}',
    ]);
  });

  it('names the column that a side lacks, and a file that holds no labels', async () => {
    const path = await file('columns.csv', 'id,label\n1,a\n');
    assert.deepEqual(await failure(readLabelFile(path)), [
      'labels_column_missing',
      `${path} has no column "row_id"; it has id, label.`,
    ]);
    assert.deepEqual(await failure(joined(await readLabelFile(path, { on: 'id' }))), [
      'labels_column_missing',
      'joined has no column "id"; it has x, order.',
    ]);
    const broken = await file('broken.parquet', 'no parquet');
    assert.equal((await failure(readLabelFile(broken)))[0], 'labels_unreadable');
    assert.equal((await failure(readLabelFile(await file('labels.xlsx', ''))))[0], 'labels_unreadable');
    const other = await readLabelFile(await file('other.csv', 'row_id,label\nx_0,a\n'));
    assert.equal((await failure(joined(other)))[0], 'join_empty');
  });
});
