import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMemoryDatastore, openFolderDatastore } from '@gleaner/datastore';
import type { ByteRange, Datastore } from '@gleaner/datastore';
import { createObjectCache, defaultCacheFolder } from './object-cache.ts';

const root = await mkdtemp(join(tmpdir(), 'gleaner-cache-'));
after(() => rm(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, `${folders++}`);

/** A store that says what was read of it. */
function recorded(datastore: Datastore): { datastore: Datastore; reads: ByteRange[] } {
  const reads: ByteRange[] = [];
  const spy = new Proxy(datastore, {
    get(target, name) {
      if (name !== 'read') {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return (path: string, range: ByteRange = {}) => {
        reads.push(range);
        return target.read(path, range);
      };
    },
  });
  return { datastore: spy, reads };
}

const path = 'iris/blue/model_inputs/2026/11/23/18/i.jsonl';

async function grow(datastore: Datastore, text: string): Promise<{ path: string; byteLength: number }> {
  const offset = (await datastore.length(path)) ?? 0;
  await datastore.append(path, { offset, bytes: Buffer.from(text) });
  return { path, byteLength: offset + text.length };
}

describe('createObjectCache', () => {
  it('brings an object over once, for every process', async () => {
    const { datastore, reads } = recorded(createMemoryDatastore());
    const object = await grow(datastore, 'one\n');
    const folder = newFolder();
    for (let process = 0; process < 2; process++) {
      await using cache = createObjectCache({ folder });
      const file = await cache.fetch(datastore, object);
      assert.equal(await readFile(file.path, 'utf8'), 'one\n');
      assert.equal(cache.fetchedBytes, process === 0 ? 4 : 0);
    }
    assert.equal(reads.length, 1);
  });

  it('reads of an object that grew what is new, and of its old end a little', async () => {
    const { datastore, reads } = recorded(createMemoryDatastore());
    let now = Date.now();
    await using cache = createObjectCache({ folder: newFolder(), now: () => now });
    const first = 'x'.repeat(10_000);
    await cache.fetch(datastore, await grow(datastore, first));
    now += 3_600_000;
    const file = await cache.fetch(datastore, await grow(datastore, 'two\n'));
    assert.equal(await readFile(file.path, 'utf8'), `${first}two\n`);
    assert.deepEqual(reads.slice(1), [
      { start: 10_000 - 4096, end: 10_000 },
      { start: 10_000, end: 10_004 },
    ]);
    const kept = await readdir(join(file.path, '..'));
    assert.deepEqual(kept, ['10004.jsonl']);
  });

  it('reads an object anew whose beginning is another', async () => {
    const datastore = createMemoryDatastore();
    await using cache = createObjectCache({ folder: newFolder() });
    await cache.fetch(datastore, await grow(datastore, 'one\n'));
    await datastore.put(path, Buffer.from('other\nlines\n'));
    const file = await cache.fetch(datastore, { path, byteLength: 12 });
    assert.equal(await readFile(file.path, 'utf8'), 'other\nlines\n');
  });

  it('gives the bytes that were asked for, however long the object has become', async () => {
    const datastore = createMemoryDatastore();
    await using cache = createObjectCache({ folder: newFolder() });
    const object = await grow(datastore, 'one\n');
    await grow(datastore, 'two\n');
    assert.equal(await readFile((await cache.fetch(datastore, object)).path, 'utf8'), 'one\n');
  });

  it('leaves nothing of a copy that failed', async () => {
    const datastore = createMemoryDatastore();
    const folder = newFolder();
    await using cache = createObjectCache({ folder });
    await assert.rejects(cache.fetch(datastore, { path, byteLength: 4 }), { code: 'store_not_found' });
    const left = await readdir(folder, { recursive: true, withFileTypes: true });
    assert.deepEqual(
      left.filter((entry) => entry.isFile()),
      [],
    );
  });

  it('lets ten at once fetch the same object', async () => {
    const datastore = createMemoryDatastore();
    const object = await grow(datastore, 'one\n'.repeat(1000));
    const folder = newFolder();
    const files = await Promise.all(
      Array.from({ length: 10 }, () => createObjectCache({ folder }).fetch(datastore, object)),
    );
    for (const file of files) assert.equal((await readFile(file.path)).length, 4000);
    assert.deepEqual(await readdir(join(files[0]?.path ?? '', '..')), ['4000.jsonl']);
  });

  it('reads the file of a folder where it is, but for one that may grow', async () => {
    await using datastore = await openFolderDatastore(newFolder());
    await using cache = createObjectCache({ folder: newFolder() });
    const object = await grow(datastore, 'one\n');
    assert.equal((await cache.fetch(datastore, object)).path, datastore.url(path));
    const copy = await cache.fetch(datastore, object, { mayGrow: true });
    assert.notEqual(copy.path, datastore.url(path));
    assert.equal(await readFile(copy.path, 'utf8'), 'one\n');
  });

  it('keeps no more than its limit: what was used last, and what may be in use', async () => {
    const datastore = createMemoryDatastore();
    const folder = newFolder();
    const hour = 3_600_000;
    const fetchAt = async (name: string, now: number) => {
      await datastore.put(name, Buffer.from('12345678'));
      await using cache = createObjectCache({ folder, maxBytes: 20, now: () => now });
      return (await cache.fetch(datastore, { path: name, byteLength: 8 })).path;
    };
    const [a, b] = [await fetchAt('a', hour), await fetchAt('b', 2 * hour)];
    await fetchAt('a', 3 * hour);
    const c = await fetchAt('c', 4 * hour);
    const d = await fetchAt('d', 4 * hour + 1);
    const kept = await Promise.all([a, b, c, d].map((file) => readFile(file).then(Boolean, () => false)));
    assert.deepEqual(kept, [false, false, true, true]);
    await fetchAt('e', 4 * hour + 2);
    assert.ok(await readFile(c));
  });

  it('brings nothing more once it is told to end', async () => {
    const { datastore, reads } = recorded(createMemoryDatastore());
    const object = await grow(datastore, 'one\n');
    await using cache = createObjectCache({ folder: newFolder() });
    await assert.rejects(cache.fetch(datastore, object, { signal: AbortSignal.abort() }), {
      code: 'query_cancelled',
    });
    assert.deepEqual(reads, []);
  });

  it('says what to do when its folder cannot be used', async () => {
    const datastore = createMemoryDatastore();
    const object = await grow(datastore, 'one\n');
    await using blocked = createObjectCache({ folder: '/dev/null' });
    await assert.rejects(blocked.fetch(datastore, object), (error: { code: string; fix: string }) => {
      assert.equal(error.code, 'cache_failed');
      assert.match(error.fix, /--cache/);
      return true;
    });
  });
});

describe('defaultCacheFolder', () => {
  it('is where the user keeps caches', () => {
    assert.equal(defaultCacheFolder({ XDG_CACHE_HOME: '/c' }), '/c/gleaner/objects');
    assert.match(defaultCacheFolder({}), /\/\.cache\/gleaner\/objects$/);
  });
});
