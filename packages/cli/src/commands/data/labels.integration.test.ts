import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startSystem } from '@gleaner/testkit';
import { gleaner } from '../../gleaner-process.ts';

const names = ['model_inputs', 'model_outputs', 'labels'];
const system = await startSystem({
  collections: Object.fromEntries(names.map((name) => [name, { enabled: 'true' }])),
});
after(() => system[Symbol.asyncDispose]());
const post = async (headers: Record<string, string>, path: string, body: string): Promise<void> => {
  const { status } = await fetch(`${system.intakeUrl}${path}`, { method: 'POST', headers, body });
  assert.ok(status < 300, `${status}`);
};
for (const id of ['c1', 'c2', 'c3']) {
  for (const [collection, body] of [
    ['model_inputs', `[{"order":"o-${id}","a":1.0}]`],
    ['model_outputs', '[{"score":0.50}]'],
  ]) {
    const headers = {
      'content-type': 'application/json',
      'ce-type': `azureml.inference.${collection}`,
      'ce-x-request-id': id,
      'ce-time': '2026-11-23T18:15:00Z',
    };
    await post(headers, '/modeldata/log', body ?? '');
  }
}
// What turned out a day later, as a CloudEvent with the correlation id of the request.
const later = {
  specversion: '1.0',
  id: 'label-1',
  source: '/labels',
  type: 'azureml.inference.labels',
  time: '2026-11-24T09:00:00Z',
  correlationid: 'c2',
  data: [{ truth: 'cat' }],
};
await post({ 'content-type': 'application/cloudevents+json' }, '/events', JSON.stringify(later));
await system.finish();

const folder = system.folder;
const collections = join(system.dataFolder, 'modelDataCollector/iris/blue');
const sides = [join(collections, 'model_inputs'), join(collections, 'model_outputs')];
await writeFile(join(folder, 'labels.csv'), 'row_id,truth\nc1_0,dog\n');
await writeFile(join(folder, 'orders.jsonl'), '{"order":"o-c3","truth":"fox"}\n');

async function joined(...words: string[]): Promise<{ rows: string[]; stderr: string }> {
  const command = [
    'data',
    'join',
    ...sides,
    '-o',
    'jsonl',
    '--from',
    '2026-11-23',
    '--to',
    '2026-11-24',
    ...words,
  ];
  const { exitCode, stdout, stderr } = await gleaner(command, { folder });
  assert.equal(exitCode, 0, stderr);
  return { rows: stdout.trimEnd().split('\n'), stderr };
}

const row = (id: string, truth: string) =>
  `{"row_id":"${id}_0","correlationid":"${id}","time":"2026-11-23T18:15:00Z","order":"o-${id}","a":1.0,"score":0.50,"truth":"${truth}"}`;

describe('gleaner data join --labels', () => {
  it('joins a file by row id, and says what has no label', async () => {
    const { rows, stderr } = await joined('--labels', 'labels.csv');
    assert.deepEqual(rows, [row('c1', 'dog')]);
    assert.match(stderr, /^Rows without a label, left out: 2\.$/m);
  });

  it('joins a file by a column', async () => {
    const { rows } = await joined('--labels', 'orders.jsonl', '--on', 'order');
    assert.deepEqual(rows, [row('c3', 'fox')]);
  });

  it('joins labels that were posted to the collector, whenever they came', async () => {
    const { rows } = await joined('--labels', join(collections, 'labels'));
    assert.deepEqual(rows, [row('c2', 'cat')]);
  });
});

async function query(sql: string, ...words: string[]): Promise<string> {
  const command = ['data', 'sql', sql, ...sides, '--cache', 'cache', '-o', 'jsonl', ...words];
  const { exitCode, stdout, stderr } = await gleaner(command, { folder });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('gleaner data sql --labels', () => {
  const ask = 'select correlationid, truth from joined join labels using (row_id)';

  it('shows a file as a view', async () => {
    assert.equal(await query(ask, '--labels', 'labels.csv'), '{"correlationid":"c1","truth":"dog"}\n');
  });

  it('shows a collection, and beside a collection of that name the file under another', async () => {
    const place = join(collections, 'labels');
    const collected = 'select j.correlationid, truth from joined j join labels using (row_id)';
    assert.equal(await query(collected, '--labels', place), '{"correlationid":"c2","truth":"cat"}\n');
    const both = 'select (select count(*) from labels) as a, (select truth from labels_2) as b';
    assert.equal(await query(both, place, '--labels', 'labels.csv'), '{"a":1,"b":"dog"}\n');
  });
});
