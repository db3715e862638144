import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { DatastoreError } from '@gleaner/datastore';
import type { Finding } from '../findings.ts';
import { sampleLine, writeOpenWindow } from '../sample-data.ts';
import { followRecords } from './follow-records.ts';
import type { FollowOptions } from './follow-records.ts';
import { lastRecords, tailFiles } from './last-records.ts';

const everything = { prefix: '', isFile: false };
const at = (id: string, minute: number) =>
  sampleLine({ id }).replace('T18:00:00Z', `T18:${String(minute).padStart(2, '0')}:00Z`);

async function last(
  datastore: Datastore,
  limit: number,
  place = everything,
): Promise<(string | undefined)[]> {
  const files = await tailFiles(datastore, place);
  return (await lastRecords(datastore, files, { limit })).map(({ record }) => record.id);
}

describe('lastRecords', () => {
  it('gives the latest by time, over all instances of the last windows', async () => {
    await using datastore = createMemoryDatastore();
    await writeOpenWindow(datastore, { window: '2026/11/23/17', lines: [at('old', 59)] });
    await writeOpenWindow(datastore, { instance: 'a', lines: [at('1', 1), at('3', 3), at('5', 5)] });
    await writeOpenWindow(datastore, { instance: 'b', lines: [at('2', 2), at('4', 4)] });
    assert.deepEqual(await last(datastore, 3), ['3', '4', '5']);
    assert.deepEqual(await last(datastore, 0), []);
    assert.equal((await last(datastore, 99)).length, 6);
  });

  it('reads the parts of an instance from the last one, which is not the last by name', async () => {
    await using datastore = createMemoryDatastore();
    for (const part of [1, 2, 10]) {
      const instance = part === 1 ? 'i' : `i-${part}`;
      await writeOpenWindow(datastore, { instance, lines: [at(`${part}`, part)] });
    }
    const read: string[] = [];
    const files = await tailFiles(datastore, everything);
    const watched: Pick<Datastore, 'read'> = {
      read: (path, range) => {
        read.push(path);
        return datastore.read(path, range);
      },
    };
    const records = await lastRecords(watched, files, { limit: 1 });
    assert.deepEqual(
      records.map(({ record }) => record.id),
      ['10'],
    );
    assert.equal(read.length, 1);
  });

  it('reads the end of a long file alone, and further back where its lines are long', async () => {
    await using datastore = createMemoryDatastore();
    const data = `[{"t":"${'x'.repeat(50_000)}"}]`;
    const lines = Array.from({ length: 40 }, (_, n) => sampleLine({ id: `${n}`, data }));
    await writeOpenWindow(datastore, { lines });
    let bytes = 0;
    const watched: Pick<Datastore, 'read'> = {
      async *read(path, range) {
        for await (const chunk of datastore.read(path, range)) {
          bytes += chunk.length;
          yield chunk;
        }
      },
    };
    const files = await tailFiles(datastore, everything);
    const records = await lastRecords(watched, files, { limit: 3 });
    assert.deepEqual(
      records.map(({ record }) => record.id),
      ['37', '38', '39'],
    );
    assert.ok(bytes < 600_000, `${bytes}`);
  });

  it('takes one file where a file is meant', async () => {
    await using datastore = createMemoryDatastore();
    const prefix = await writeOpenWindow(datastore, { instance: 'a', lines: [at('1', 1)] });
    await writeOpenWindow(datastore, { instance: 'a.jsonl.b', lines: [at('2', 2)] });
    assert.deepEqual(await last(datastore, 9, { prefix, isFile: true }), ['1']);
  });
});

/** Follows; each step waits until so many records came. */
function following(datastore: Pick<Datastore, 'list' | 'read'>, options: Partial<FollowOptions> = {}) {
  const stop = new AbortController();
  const records = followRecords(datastore, everything, {
    seen: [],
    signal: stop.signal,
    intervalMs: 1,
    ...options,
  });
  return {
    async next(count: number): Promise<(string | undefined)[]> {
      const ids: (string | undefined)[] = [];
      while (ids.length < count) {
        const { done, value } = await records.next();
        if (done) break;
        ids.push(value.record.id);
      }
      return ids;
    },
    async stop(): Promise<void> {
      stop.abort();
      assert.equal((await records.next()).done, true);
    },
  };
}

describe('followRecords', () => {
  it('gives what is appended, and what new files hold, once', async () => {
    await using datastore = createMemoryDatastore();
    const file = await writeOpenWindow(datastore, { lines: [at('1', 1)] });
    const tail = following(datastore, { seen: await tailFiles(datastore, everything) });
    const offset = (await datastore.length(file)) ?? 0;
    await datastore.append(file, { offset, bytes: Buffer.from(at('2', 2)) });
    assert.deepEqual(await tail.next(1), ['2']);
    await writeOpenWindow(datastore, { window: '2026/11/23/19', lines: [at('3', 3), at('4', 4)] });
    assert.deepEqual(await tail.next(2), ['3', '4']);
    await tail.stop();
  });

  it('waits for the rest of a half written line, also of one that was there at the beginning', async () => {
    await using datastore = createMemoryDatastore();
    const [one, two] = [Buffer.from(at('1', 1)), Buffer.from(at('2', 2))];
    const file = await writeOpenWindow(datastore, { lines: [at('0', 0)] });
    let offset = (await datastore.length(file)) ?? 0;
    const append = async (bytes: Uint8Array) => {
      await datastore.append(file, { offset, bytes });
      offset += bytes.length;
    };
    await append(one.subarray(0, 50));
    const tail = following(datastore, { seen: await tailFiles(datastore, everything) });
    await append(Buffer.concat([one.subarray(50), two.subarray(0, 20)]));
    assert.deepEqual(await tail.next(1), ['1']);
    const next = tail.next(1);
    await append(two.subarray(20));
    assert.deepEqual(await next, ['2']);
    await tail.stop();
  });

  it('reports what is no record and goes on', async () => {
    await using datastore = createMemoryDatastore();
    const found: Finding[] = [];
    const tail = following(datastore, { onFinding: (one) => found.push(one) });
    const file = await writeOpenWindow(datastore, { lines: ['broken\n', at('1', 1)] });
    assert.deepEqual(await tail.next(1), ['1']);
    assert.deepEqual(
      found.map(({ code, file, line }) => [code, file, line]),
      [['line_broken', file, undefined]],
    );
    await tail.stop();
  });

  it('outlasts a store that is away, and says so once', async () => {
    await using datastore = createMemoryDatastore();
    let away = 3;
    const flaky: Pick<Datastore, 'list' | 'read'> = {
      read: (path, range) => datastore.read(path, range),
      list: (prefix) => {
        if (away-- > 0) throw new DatastoreError('store_unreachable', 'It is away.');
        return datastore.list(prefix);
      },
    };
    const troubles: string[] = [];
    const tail = following(flaky, { onTrouble: ({ message }) => troubles.push(message) });
    await writeOpenWindow(datastore, { lines: [at('1', 1)] });
    assert.deepEqual(await tail.next(1), ['1']);
    assert.deepEqual(troubles, ['It is away.']);
    await tail.stop();
  });
});
