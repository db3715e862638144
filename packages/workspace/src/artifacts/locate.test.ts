import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createMemoryDatastore, DatastoreError } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';

import { createArtifacts } from './locate.ts';

const uri = 'azureml://datastores/d/paths/models/iris';
const remote = { uri, what: 'model iris:1', datastore: { type: 's3', bucket: 'b' } };

describe('createArtifacts', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-artifacts-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));
  const create = (store: Datastore, log: (line: string) => void = () => undefined) =>
    createArtifacts({ folder: join(folder, 'copies'), log, open: async () => store });

  it('finds in a folder what is there, and copies nothing', async () => {
    await mkdir(join(folder, 'store/models/iris'), { recursive: true });
    const source = { ...remote, datastore: { type: 'folder', path: join(folder, 'store') } };
    const artifacts = create(createMemoryDatastore());
    assert.equal(await artifacts.locate(source), join(folder, 'store/models/iris'));
    await assert.rejects(artifacts.locate({ ...source, uri: `${uri}/none` }), { code: 'artifact_missing' });
    await assert.rejects(readdir(join(folder, 'copies')), { code: 'ENOENT' });
  });

  it('copies a folder of another store once', async () => {
    const store = createMemoryDatastore();
    await store.put('models/iris/MLmodel', Buffer.from('a'));
    await store.put('models/iris/data/w.bin', Buffer.from('b'));
    await store.put('models/iris2/other', Buffer.from('c'));
    const lines: string[] = [];
    const artifacts = create(store, (line) => lines.push(line));
    const found = await artifacts.locate(remote);
    assert.match(found, /\/iris$/);
    assert.deepEqual((await readdir(found, { recursive: true })).toSorted(), [
      'MLmodel',
      'data',
      'data/w.bin',
    ]);
    assert.equal(await readFile(join(found, 'data/w.bin'), 'utf8'), 'b');
    await store.delete('models/iris/MLmodel');
    assert.equal(await artifacts.locate(remote), found);
    assert.deepEqual(lines, [`model iris:1: reading ${uri}`, 'model iris:1: 2 files are here']);
  });

  it('copies what two ask for at the same time once, and removes what a killed process left', async () => {
    const store = createMemoryDatastore();
    await store.put('models/iris/MLmodel', Buffer.from('a'));
    const left = join(folder, 'copies/abc/.123e4567-e89b-12d3-a456-426614174000');
    await mkdir(left, { recursive: true });
    const artifacts = create(store);
    const [first, second] = await Promise.all([artifacts.locate(remote), artifacts.locate(remote)]);
    assert.equal(first, second);
    assert.deepEqual(await readdir(first), ['MLmodel']);
    assert.deepEqual(await readdir(join(folder, 'copies/abc')), []);
  });

  it('copies a single file under its name', async () => {
    const store = createMemoryDatastore();
    await store.put('models/iris', Buffer.from('pickle'));
    const found = await create(store).locate(remote);
    assert.equal(await readFile(found, 'utf8'), 'pickle');
  });

  it('leaves nothing of a copy that was cut', async () => {
    const store = createMemoryDatastore();
    await store.put('models/iris/a', Buffer.from('a'));
    await store.put('models/iris/b', Buffer.from('b'));
    const cut: Datastore = Object.assign(Object.create(store), {
      [Symbol.asyncDispose]: async () => undefined,
      length: async () => undefined,
      list: () => store.list('models/iris/'),
      url: (path: string) => store.url(path),
      read: (path: string) => {
        if (path.endsWith('/b')) throw new DatastoreError('store_unreachable', 'The store is not reached.');
        return store.read(path);
      },
    });
    await assert.rejects(create(cut).locate(remote), { code: 'artifact_unreadable', message: /not reached/ });
    const [copies = ''] = await readdir(join(folder, 'copies'));
    assert.deepEqual(await readdir(join(folder, 'copies', copies)), []);
    await writeFile(join(folder, 'mark'), '');
    assert.match(await create(store).locate(remote), /\/iris$/);
  });

  it('says that there is nothing', async () => {
    await assert.rejects(create(createMemoryDatastore()).locate(remote), { code: 'artifact_missing' });
  });
});
