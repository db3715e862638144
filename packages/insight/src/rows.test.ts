import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { InsightError } from './errors.ts';
import type { Finding } from './findings.ts';
import { readRows, rowJson } from './rows.ts';
import type { ReadRowsOptions } from './rows.ts';
import { sampleLine, writeOpenWindow } from './sample-data.ts';

const collection = 'iris/blue/model_inputs';
const folder = `${collection}/2026/11/23/18`;

async function read(datastore: Datastore, options: ReadRowsOptions = {}) {
  const findings: Finding[] = [];
  const rows = readRows(datastore, collection, { onFinding: (one) => findings.push(one), ...options });
  const found = await Array.fromAsync(rows, (row) => [row.rowId, Object.fromEntries(row.columns)]);
  return { rows: found, findings: findings.map(({ code, line }) => `${code}:${line}`) };
}

describe('readRows', () => {
  it('gives every row its id, and its values as they were sent', async () => {
    await using datastore = createMemoryDatastore();
    const data = '[{"a":1.0,"b":9007199254740993},null,{"a":"\\u003c\\/","n":{"x": [1, null]}}]';
    await writeOpenWindow(datastore, { lines: [sampleLine({ id: 'e1', correlationId: 'c1', data })] });
    assert.deepEqual(await read(datastore), {
      rows: [
        ['c1_0', { a: '1.0', b: '9007199254740993' }],
        ['c1_1', {}],
        ['c1_2', { a: '"\\u003c\\/"', n: '{"x": [1, null]}' }],
      ],
      findings: [],
    });
  });

  it('names records that hold no rows, and reads the others', async () => {
    await using datastore = createMemoryDatastore();
    const odd = ['{"a":1}', '"text"', '7', '[[1]]', '[{"a":1},2]', 'null', '[]'];
    const lines = odd.map((data, index) => sampleLine({ id: `e${index}`, data }));
    await writeOpenWindow(datastore, { lines: [...lines, 'broken\n', sampleLine({ id: 'good' })] });
    assert.deepEqual(await read(datastore), {
      rows: [['good_0', { a: '1.0' }]],
      findings: [1, 2, 3, 4, 5].map((line) => `data_not_rows:${line}`).concat('line_broken:8'),
    });
  });

  it('takes the bare index as row id where there is no correlation id, and says so', async () => {
    await using datastore = createMemoryDatastore();
    const line = sampleLine({ id: 'e1', data: '[{"a":1},{"a":2}]' }).replace('"correlationid":"e1",', '');
    await writeOpenWindow(datastore, { lines: [line] });
    assert.deepEqual(await read(datastore), {
      rows: [
        ['0', { a: '1' }],
        ['1', { a: '2' }],
      ],
      findings: ['correlation_missing:1'],
    });
  });

  it('follows a reference to a body beside the line', async () => {
    await using datastore = createMemoryDatastore();
    const text = '[ {"a" : 1.0,\n "o": {\n} } ]';
    const path = `${folder}/e1.json`;
    await datastore.put(path, Buffer.from(text));
    const body = { url: datastore.url(path), byteLength: text.length, tabular: true };
    await writeOpenWindow(datastore, { lines: [sampleLine({ id: 'e1', body })] });
    assert.deepEqual(await read(datastore), { rows: [['e1_0', { a: '1.0', o: '{}' }]], findings: [] });
    assert.deepEqual((await read(datastore, { maxPayloadBytes: 5 })).findings, ['payload_too_large:1']);
    await datastore.put(path, Buffer.from('{"a":'));
    assert.deepEqual(await read(datastore), { rows: [], findings: ['data_not_rows:1'] });
    await datastore.delete(path);
    assert.deepEqual(await read(datastore), { rows: [], findings: ['payload_missing:1'] });
  });

  it('says when a body is out of reach, or is none of rows', async () => {
    await using datastore = createMemoryDatastore();
    const url = 'https://elsewhere.example/e1.json';
    const lines = [
      sampleLine({ id: 'e1', body: { url, byteLength: 9, tabular: true } }),
      sampleLine({ id: 'e2', body: { url, byteLength: 9, tabular: false } }),
    ];
    await writeOpenWindow(datastore, { lines });
    assert.deepEqual(await read(datastore), {
      rows: [],
      findings: ['payload_elsewhere:1', 'data_not_rows:2'],
    });
  });

  it('stops reading where its reader stops', async () => {
    await using datastore = createMemoryDatastore();
    await writeOpenWindow(datastore, { lines: [sampleLine({ id: 'e1' }), 'broken\n'] });
    const findings: Finding[] = [];
    for await (const row of readRows(datastore, collection, { onFinding: (one) => findings.push(one) })) {
      assert.equal(row.rowId, 'e1_0');
      break;
    }
    assert.deepEqual(findings, []);
  });

  it('refuses a window without a byte', async () => {
    await using datastore = createMemoryDatastore();
    await writeOpenWindow(datastore, { lines: [] });
    await assert.rejects(
      read(datastore),
      (error) => error instanceof InsightError && error.code === 'no_data',
    );
  });
});

describe('rowJson', () => {
  const time = '2026-11-23T18:00:00Z';

  it('writes the ids, the time and the columns, none of them twice', () => {
    const columns = new Map([
      ['time', '1.0'],
      ['a "b"', '[1]'],
      ['__proto__', 'null'],
    ]);
    const text = rowJson({ rowId: 'ü_0', correlationId: 'ü', time, columns });
    assert.equal(
      text,
      `{"row_id":"ü_0","correlationid":"ü","time":"${time}","data.time":1.0,"a \\"b\\"":[1],"__proto__":null}`,
    );
  });

  it('writes null for what the record lacks', () => {
    const text = rowJson({ rowId: '0', correlationId: undefined, time: undefined, columns: new Map() });
    assert.equal(text, '{"row_id":"0","correlationid":null,"time":null}');
  });
});
