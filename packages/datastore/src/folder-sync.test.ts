import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, realpath, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { failsWith, textOf } from './contract.ts';
import { openFolderDatastore } from './folder.ts';

const base = await realpath(await mkdtemp(join(tmpdir(), 'gleaner-sync-')));
after(() => rm(base, { recursive: true }));
const bytes = Buffer.from('0123456789');

/** Watches Node's own handles: what was synced, in order, relative to `root`; `fault` may make a sync fail. */
async function watchSyncs(test: TestContext, root: string, fault = (_path: string): string => '') {
  const synced: string[] = [];
  await using handle = await open(root);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  for (const method of ['sync', 'datasync'] as const) {
    const original = prototype[method];
    test.mock.method(prototype, method, function (this: FileHandle) {
      const path = relative(root, readlinkSync(`/proc/self/fd/${this.fd}`)).replace(
        /\.put-.*\.tmp/,
        '(unfinished)',
      );
      synced.push(method === 'sync' ? path : `data of ${path}`);
      const code = fault(path);
      return code === '' ? original.call(this) : Promise.reject(Object.assign(new Error(code), { code }));
    });
  }
  return () => synced.splice(0);
}

describe(
  'the folder store on its way to the disk',
  { skip: process.platform !== 'linux' && 'needs /proc' },
  () => {
    it('syncs a new file and every folder up to the root, and after that the data', async (test) => {
      const root = await mkdtemp(join(base, 'root-'));
      const synced = await watchSyncs(test, root);
      await using store = await openFolderDatastore(root);
      await store.append('a/b/c', { offset: 0, bytes });
      assert.deepEqual(synced(), ['a/b/c', 'a/b', 'a', '']);
      await store.append('a/b/c', { offset: 10, bytes });
      assert.deepEqual(synced(), ['data of a/b/c']);
      await store.delete('a/b/c');
      assert.deepEqual(synced(), ['a/b']);
      await store.append('a/b/c', { offset: 0, bytes });
      assert.deepEqual(synced(), ['a/b/c', 'a/b', 'a', '']);
    });

    it('syncs what is put before it gets its name, and the folders after', async (test) => {
      const root = await mkdtemp(join(base, 'root-'));
      const synced = await watchSyncs(test, root);
      await using store = await openFolderDatastore(root);
      await store.put('a/b', bytes);
      assert.deepEqual(synced(), ['a/(unfinished)', 'a', '']);
    });

    it('syncs a root that it makes', async (test) => {
      const synced = await watchSyncs(test, base);
      await using _store = await openFolderDatastore(join(base, 'made/on/demand'));
      assert.deepEqual(synced(), ['made/on', 'made', '']);
    });

    it('counts nothing as stored that a killed process may not have synced', async (test) => {
      const root = await mkdtemp(join(base, 'root-'));
      const synced = await watchSyncs(test, root);
      await mkdir(join(root, 'a'));
      await appendFile(join(root, 'a/b'), bytes);
      await using store = await openFolderDatastore(root);
      assert.equal(await store.length('a/b'), 10);
      assert.deepEqual(synced(), ['a/b', 'a', '']);
    });

    it('takes back what a failed sync may have lost', async (test) => {
      const root = await mkdtemp(join(base, 'root-'));
      let code = '';
      await watchSyncs(test, root, (path) => (path === 'a' ? code : ''));
      await using store = await openFolderDatastore(root);
      await store.append('a', { offset: 0, bytes });
      code = 'EIO';
      await failsWith('store_failed', store.append('a', { offset: 10, bytes }));
      code = '';
      assert.equal(await store.length('a'), 10);
      assert.equal(await textOf(store, 'a'), '0123456789');
    });

    it('does without the sync of a folder where the file system has none, and fails where it went wrong', async (test) => {
      const root = await mkdtemp(join(base, 'root-'));
      let code = 'EINVAL';
      await watchSyncs(test, root, (path) => (path === 'a' ? code : ''));
      await using store = await openFolderDatastore(root);
      await store.put('a/b', bytes);
      code = 'EIO';
      await failsWith('store_failed', store.put('a/b', bytes));
    });
  },
);
