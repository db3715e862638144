import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openFolderDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { createObjectCache } from '../cache/object-cache.ts';
import type { Finding } from '../findings.ts';
import { sampleInstance, sampleLine, writeOpenWindow, writeSealedWindow } from '../sample-data.ts';
import { openTables } from '../sql/tables.ts';
import { verify } from '../verify/verify.ts';
import { compact } from './compact.ts';

const root = await mkdtemp(join(tmpdir(), "gleaner compact'-"));
after(() => rm(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, `${folders++}`);
const cache = createObjectCache({ folder: newFolder() });
const collection = 'iris/blue/model_inputs';
const windowAt = (hour: number) => `2026/11/23/${hour}`;
const fileAt = (hour: number) => `${collection}/${windowAt(hour)}/${sampleInstance}.jsonl`;
const rowFileAt = (hour: number) => `${collection}/${windowAt(hour)}/_rows.parquet`;

/** Rows of each hour, sealed. */
async function sealed(hours: Record<number, string[]>): Promise<Datastore> {
  const datastore = await openFolderDatastore(newFolder());
  let previous: string | null = null;
  for (const [hour, data] of Object.entries(hours)) {
    const lines = data.map((one, index) =>
      sampleLine({ id: `h${hour}n${index}`, data: one }).replace('T18:00', `T${hour}:00`),
    );
    previous = await writeSealedWindow(datastore, { window: `2026/11/23/${hour}`, lines }, { previous });
  }
  return datastore;
}

async function outcomes(datastore: Datastore): Promise<string[]> {
  return Array.fromAsync(compact(datastore, '', { cache }), ({ outcome }) => outcome);
}

interface Answer {
  rows: string[];
  types: string[];
  findings: Finding[];
}

async function ask(datastore: Datastore): Promise<Answer> {
  const findings: Finding[] = [];
  const source = { datastore, collection, onFinding: (found: Finding) => void findings.push(found) };
  await using tables = await openTables([source], { cache });
  return {
    rows: await Array.fromAsync(tables.query('select * from model_inputs order by time, row_id')),
    types: await Array.fromAsync(tables.query('describe model_inputs')),
    findings,
  };
}

/** True when the answers are those of the Parquet file of this hour: it is spoiled, and nothing else would notice. */
async function isReadFrom(datastore: Datastore, hour: number): Promise<boolean> {
  const lines = Buffer.concat(await Array.fromAsync(datastore.read(fileAt(hour))));
  const other = Buffer.from(lines.toString().replaceAll('"a":', '"z":'));
  await datastore.put(fileAt(hour), other);
  const answer = await ask(datastore);
  await datastore.put(fileAt(hour), lines);
  return !answer.types.some((type) => type.includes('"z"'));
}

const mixed = {
  17: ['[{"a":1,"o":{"x":1.0},"T":"p"},{"a":null}]', '[{"a":2,"time":"now"}]'],
  18: ['[{"a":3,"o":[1,2]}]'],
};

describe('compact', () => {
  it('writes the rows of sealed hours, which queries read with the same answers', async () => {
    await using datastore = await sealed(mixed);
    const before = await ask(datastore);
    assert.deepEqual(await outcomes(datastore), ['written', 'written']);
    assert.deepEqual(await ask(datastore), before);
    assert.equal(await isReadFrom(datastore, 17), true);
    assert.deepEqual(await outcomes(datastore), ['present', 'present']);
    assert.equal((await verify(datastore, '', { deep: true })).findings.length, 0);
  });

  it('is not read once a line was added, and written anew when that is sealed', async () => {
    await using datastore = await sealed(mixed);
    await outcomes(datastore);
    const line = sampleLine({ id: 'late', data: '[{"a":9}]' });
    const offset = (await datastore.length(fileAt(18))) ?? 0;
    await datastore.append(fileAt(18), { offset, bytes: Buffer.from(line) });
    assert.ok((await ask(datastore)).rows.some((row) => row.includes('"late_0"')));
    assert.deepEqual(await outcomes(datastore), ['present', 'open']);
    const lines = [sampleLine({ id: 'other', data: '[{"a":5}]' }), line];
    await writeSealedWindow(datastore, { window: windowAt(18), lines });
    assert.deepEqual(await outcomes(datastore), ['present', 'written']);
    assert.equal((await ask(datastore)).rows.length, 5);
  });

  it('leaves an hour beside others in lines where its columns are of another type among them', async () => {
    await using datastore = await sealed({
      17: ['[{"a":1,"same":true}]'],
      18: ['[{"a":"x","same":false}]'],
      19: ['[{"a":1e20}]'],
    });
    const before = await ask(datastore);
    assert.deepEqual(await outcomes(datastore), ['written', 'written', 'written']);
    assert.deepEqual(await ask(datastore), before);
  });

  it('leaves alone what Parquet cannot say', async () => {
    await using datastore = await sealed({ 17: ['[{"a":9223372036854775808}]'], 18: ['{"no":"rows"}'] });
    await writeOpenWindow(datastore, { window: windowAt(19), lines: [sampleLine({ id: 'open' })] });
    const before = await ask(datastore);
    assert.deepEqual(await outcomes(datastore), ['lines', 'lines', 'open']);
    assert.deepEqual(await ask(datastore), before);
    assert.ok(before.findings.length > 0);
  });

  it('takes a spoiled Parquet file for none', async () => {
    await using datastore = await sealed(mixed);
    const before = await ask(datastore);
    await datastore.put(rowFileAt(17), Buffer.from('PAR1, but no more'));
    assert.deepEqual(await ask(datastore), before);
    assert.deepEqual(await outcomes(datastore), ['written', 'written']);
  });
});
