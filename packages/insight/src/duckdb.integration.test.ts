import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { openFolderDatastore } from '@gleaner/datastore';
import { readRows } from './rows.ts';
import { sampleLine, writeOpenWindow, writeSealedWindow } from './sample-data.ts';

const root = await mkdtemp(join(tmpdir(), "gleaner duckdb's-"));
const datastore = await openFolderDatastore(root);
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const collection = 'iris/blue/model_inputs';
after(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(root, { recursive: true });
});

/** Of all lines below the folder, read without an option. */
async function select(columns: string): Promise<Record<string, unknown>[]> {
  const files = `${root.replaceAll("'", "''")}/**/*.jsonl`;
  const reader = await connection.runAndReadAll(`select ${columns} from read_json('${files}')`);
  return reader.getRowObjectsJson();
}

describe("duckdb's read_json without an option", async () => {
  const data = ['[{"a":1.0,"t":"\\u003c é"},{"a":2.5,"t":null}]', '[]', 'null', '[null,{"a":-3,"b":true}]'];
  const lines = data.map((data, index) => sampleLine({ id: `e${index}`, correlationId: `c${index}`, data }));
  const payload = `${collection}/2026/11/23/19/big.json`;
  await datastore.put(payload, Buffer.from('[{"a":9}]'));
  const body = { url: datastore.url(payload), byteLength: 9, tabular: true };
  await writeSealedWindow(datastore, { lines });
  await writeOpenWindow(datastore, { window: '2026/11/23/19', lines: [sampleLine({ id: 'big', body })] });
  await writeOpenWindow(datastore, { window: '2026/11/23/20', lines: [] });

  it('finds the same records, manifests and bodies beside them left aside', async () => {
    const records = await select('id, correlationid, "time", contentrange, dataref, datainblob');
    assert.deepEqual(records.map((record) => String(record['id'])).sort(), ['big', 'e0', 'e1', 'e2', 'e3']);
    assert.deepEqual(
      records.find((record) => record['id'] === 'big'),
      {
        id: 'big',
        correlationid: 'big',
        time: '2026-11-23 18:00:00',
        contentrange: 'bytes 0-8/9',
        dataref: body.url,
        datainblob: 'true',
      },
    );
  });

  it('gives the rows that readRows gives', async () => {
    const theirs = await select(
      "correlationid || '_' || generate_subscripts(data, 1) - 1 as row_id, unnest(data, recursive := true)",
    );
    const rows = await Array.fromAsync(readRows(datastore, collection), (row) => {
      const values = Array.from(row.columns, ([name, text]) => [name, JSON.parse(text) as unknown]);
      return { a: null, t: null, b: null, ...Object.fromEntries(values), row_id: row.rowId };
    });
    const inline = rows.filter((row) => row.row_id !== 'big_0');
    assert.deepEqual(sorted(theirs), sorted(inline));
    assert.equal(inline.length, 4);
  });
});

function sorted(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}
