import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import { createObjectCache } from '../cache/object-cache.ts';
import { sampleLine, writeOpenWindow } from '../sample-data.ts';
import { findRequest } from './find-request.ts';
import type { FoundRecord } from './find-request.ts';

const root = await mkdtemp(join(tmpdir(), 'gleaner-show-'));
after(() => rm(root, { recursive: true }));

const datastore = createMemoryDatastore();
const deployment = 'iris/blue';
/** The second record of a file in which it stands across the pieces that are read. */
const filler = sampleLine({ id: 'other', data: `[{"t":"${'x'.repeat(1024 * 1024 - 500)}"}]` });
const bodyPath = `${deployment}/features/2026/11/23/18/e5.json`;

await datastore.put(bodyPath, Buffer.from('[{"big":1.0}]'));
const records: Record<string, string[]> = {
  response: [sampleLine({ id: 'e1', correlationId: 'r1', data: '{"answer":1}' })],
  model_outputs: [filler, sampleLine({ id: 'e2', correlationId: 'r1', data: '[{"score":1.0}]' })],
  model_inputs: [
    sampleLine({ id: 'e3', correlationId: 'r11' }),
    sampleLine({ id: 'e4', correlationId: 'r1' }),
    sampleLine({ id: 'e4', correlationId: 'r1' }).slice(0, -40),
  ],
  features: [
    sampleLine({
      id: 'e5',
      correlationId: 'r1',
      body: { url: datastore.url(bodyPath), byteLength: 13, tabular: true },
    }),
  ],
  request: [
    sampleLine({ id: 'e6', correlationId: 'r1', data: '{"ask":"<é>"}' }),
    sampleLine({ id: 'e7', correlationId: 'é/<1>' }),
  ],
};
for (const [name, lines] of Object.entries(records)) {
  await writeOpenWindow(datastore, { collection: `${deployment}/${name}`, lines });
}

async function find(id: string): Promise<{ found: FoundRecord[]; findings: string[] }> {
  await using cache = createObjectCache({ folder: join(root, 'cache') });
  const objects = await Array.fromAsync(datastore.list(''));
  const findings: string[] = [];
  const found = await findRequest(
    { datastore, objects: objects.filter(({ path }) => path.endsWith('.jsonl')) },
    id,
    { cache, onFinding: ({ code }) => void findings.push(code) },
  );
  return { found, findings };
}

describe('findRequest', () => {
  it('finds all records of an id in the order of serving, and no other', async () => {
    const { found, findings } = await find('r1');
    assert.deepEqual(
      found.map(({ collection, record, line }) => [collection, record.id, line.number]),
      [
        ['request', 'e6', 1],
        ['model_inputs', 'e4', 2],
        ['features', 'e5', 1],
        ['model_outputs', 'e2', 2],
        ['response', 'e1', 1],
      ],
    );
    assert.deepEqual(findings, ['line_cut']);
  });

  it('brings the body that rests beside its line', async () => {
    const { found } = await find('r1');
    const [body] = found.flatMap(({ body }) => body ?? []);
    assert.equal(Buffer.from(body ?? []).toString(), '[{"big":1.0}]');
  });

  it('finds an id whatever its characters', async () => {
    const { found } = await find('é/<1>');
    assert.deepEqual(
      found.map(({ record }) => record.id),
      ['e7'],
    );
  });

  it('finds nothing where there is nothing', async () => {
    assert.deepEqual((await find('r')).found, []);
  });
});
