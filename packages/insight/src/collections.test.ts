import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import { listCollections } from './collections.ts';
import { sampleLine, writeOpenWindow, writeSealedWindow } from './sample-data.ts';

describe('listCollections', () => {
  const [a, b] = [sampleLine({ id: 'a' }), sampleLine({ id: 'b' })];

  it('sums up files, lines and time of each collection, and which windows are sealed to the end', async () => {
    await using datastore = createMemoryDatastore();
    await writeSealedWindow(datastore, { lines: [a, b] });
    await writeOpenWindow(datastore, { window: '2026/11/23/20', lines: [a] });
    await writeSealedWindow(datastore, { collection: 'z', window: '2026/11/23/18', lines: [a] });
    await writeOpenWindow(datastore, { collection: 'z', lines: [a, b] });
    await datastore.put('z/2026/11/23/18/e1.json', Buffer.from('[]'));
    await datastore.put('no-collection/x.jsonl', Buffer.from(a));
    const times = { start: startOf(18), end: startOf(21) };
    const bytes = a.length + b.length;
    assert.deepEqual(await listCollections(datastore, '', { countLines: true }), [
      {
        collection: 'iris/blue/model_inputs',
        windows: 2,
        sealedWindows: 1,
        files: 2,
        bytes: bytes + a.length,
        lines: 3,
        ...times,
      },
      {
        collection: 'z',
        windows: 1,
        sealedWindows: 0,
        files: 1,
        bytes,
        lines: 2,
        start: startOf(18),
        end: startOf(19),
      },
    ]);
  });

  it('looks below a prefix only, and counts no lines unless asked', async () => {
    await using datastore = createMemoryDatastore();
    await writeOpenWindow(datastore, { lines: [a] });
    await writeOpenWindow(datastore, { collection: 'other', lines: [a] });
    const [found, ...rest] = await listCollections(datastore, 'iris/');
    assert.deepEqual([found?.collection, found?.lines, rest], ['iris/blue/model_inputs', undefined, []]);
  });
});

function startOf(hour: number): number {
  return Date.UTC(2026, 10, 23, hour) / 1000;
}
