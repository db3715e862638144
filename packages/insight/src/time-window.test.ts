import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import { InsightError } from './errors.ts';
import { collectionFiles, timeWindow } from './time-window.ts';

function hours(from?: string, to?: string): (string | number)[] {
  const { start, end } = timeWindow({ ...(from && { from }), ...(to && { to }) });
  return [start, end].map((at) =>
    Number.isFinite(at) ? new Date(at * 1000).toISOString().slice(0, 13) : at,
  );
}

describe('timeWindow', () => {
  const cases: [
    from: string | undefined,
    to: string | undefined,
    start: string | number,
    end: string | number,
  ][] = [
    ['2026-03-04T03:15:00Z', '2026-03-05T03:15:00Z', '2026-03-04T03', '2026-03-05T04'],
    ['2026-03-04T03:00:00Z', '2026-03-05T03:00:00Z', '2026-03-04T03', '2026-03-05T03'],
    ['2026-05-17T00:00:00Z', '2026-05-18T00:00:01Z', '2026-05-17T00', '2026-05-18T01'],
    ['2026-05-17T03:15:00Z', '2026-05-17T03:15:00Z', '2026-05-17T03', '2026-05-17T04'],
    ['2026-05-16', '2026-05-17', '2026-05-16T00', '2026-05-17T00'],
    ['2026-11-23T18', '2026-11-23 19:30', '2026-11-23T18', '2026-11-23T20'],
    ['2026-05-17T03:00:00+02:00', '2026-05-17T04:00:00.5+02:00', '2026-05-17T01', '2026-05-17T03'],
    [undefined, '2026-05-17', -Infinity, '2026-05-17T00'],
    ['2026-05-17', undefined, '2026-05-17T00', Infinity],
  ];
  for (const [from, to, start, end] of cases) {
    it(`reads ${from} to ${to} as whole hours`, () => assert.deepEqual(hours(from, to), [start, end]));
  }

  for (const [from, to] of [
    ['yesterday'],
    ['2026-02-30'],
    ['2026-01-01T25'],
    ['2026-05-17T03', '2026-05-17T02'],
  ]) {
    it(`refuses ${from} to ${to}`, () => {
      assert.throws(
        () => hours(from, to),
        (error) => error instanceof InsightError && error.code === 'window_invalid',
      );
    });
  }
});

async function files(paths: string[], window = timeWindow()): Promise<{ read: string[]; skipped: string[] }> {
  await using datastore = createMemoryDatastore();
  for (const path of paths) await datastore.put(`c/${path}`, Buffer.from('x'));
  await datastore.put('c/d/2026/11/23/18/other-collection.jsonl', Buffer.from('x'));
  const skipped: string[] = [];
  const found = collectionFiles(datastore, 'c', {
    window,
    onFinding: ({ file }) => skipped.push(file.slice(2)),
  });
  const read = (await Array.fromAsync(found)).map(({ path }) => path.slice(2));
  return { read, skipped };
}

describe('collectionFiles', () => {
  it('reads hour folders alone where there are any, and names the others', async () => {
    const paths = [
      '2026/11/23/18/20/m.jsonl',
      '2026/11/23/18/h.jsonl',
      '2026/11/23/d.jsonl',
      '2026/11/23/18/x.json',
    ];
    assert.deepEqual(await files(paths), {
      read: ['2026/11/23/18/h.jsonl'],
      skipped: ['2026/11/23/18/20/m.jsonl', '2026/11/23/d.jsonl'],
    });
  });

  it('reads other rolling rates by the windows they overlap', async () => {
    const paths = ['2025/y.jsonl', '2026/y.jsonl', '2026/11/23/d.jsonl', '2026/11/24/d.jsonl'];
    const window = timeWindow({ from: '2026-11-23T10', to: '2026-11-23T12' });
    assert.deepEqual(await files(paths, window), {
      read: ['2026/11/23/d.jsonl', '2026/y.jsonl'],
      skipped: [],
    });
  });

  for (const to of ['2026-03-01', '2027-01-01', '2036-01-01']) {
    it(`finds the hours up to ${to}, whatever it lists`, async () => {
      const inside = ['2025/12/31/23/h.jsonl', '2026/01/01/00/h.jsonl', '2026/02/28/23/h.jsonl'];
      const outside = ['2025/12/31/22/h.jsonl', '2036/03/01/00/h.jsonl'];
      const { read } = await files([...inside, ...outside], timeWindow({ from: '2025-12-31T23:30', to }));
      assert.deepEqual(read, inside);
    });
  }
});
