import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, lstat, mkdir, mkdtemp, readFile, readdir, realpath, rename, rm } from 'node:fs/promises';
import { stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { datastoreContract, failsWith, textOf } from './contract.ts';
import { openFolderDatastore } from './folder.ts';

const base = await realpath(await mkdtemp(join(tmpdir(), 'gleaner-folder-')));
after(() => rm(base, { recursive: true }));
const freshRoot = () => mkdtemp(join(base, 'root-'));
const bytes = Buffer.from('0123456789');

datastoreContract('the folder store', async () => openFolderDatastore(await freshRoot()));

describe('openFolderDatastore', () => {
  it('makes the root and gives absolute paths below it', async () => {
    const root = join(base, 'made/on/demand');
    await using store = await openFolderDatastore(root);
    assert.equal(store.url('a/b.jsonl'), join(root, 'a/b.jsonl'));
    assert.ok((await stat(root)).isDirectory());
  });

  it('refuses a root that is a file', async () => {
    const root = join(await freshRoot(), 'file');
    await writeFile(root, '');
    await failsWith('store_path_invalid', openFolderDatastore(root));
    await failsWith('store_path_invalid', openFolderDatastore(join(root, 'below')));
  });

  it('keeps others out of files and folders, and lets the group read', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.append('a/b', { offset: 0, bytes });
    await store.put('a/c', bytes);
    const allowed = ~process.umask();
    assert.equal((await stat(join(root, 'a'))).mode & 0o777, 0o750 & allowed);
    assert.equal((await stat(join(root, 'a/b'))).mode & 0o777, 0o640 & allowed);
    assert.equal((await stat(join(root, 'a/c'))).mode & 0o777, 0o640 & allowed);
  });
});

describe('the folder store', () => {
  it('goes on from a torn piece by its length', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.append('a', { offset: 0, bytes: bytes.subarray(0, 3) });
    await appendFile(join(root, 'a'), bytes.subarray(3, 5));
    await failsWith('store_conflict', store.append('a', { offset: 3, bytes: bytes.subarray(3) }));
    const length = await store.length('a');
    assert.equal(length, 5);
    await store.append('a', { offset: length, bytes: bytes.subarray(length) });
    assert.equal(await textOf(store, 'a'), '0123456789');
  });

  it('lists neither unfinished writes, hidden folders, special files nor names it could not give back', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.put('a/b.jsonl', bytes);
    await mkdir(join(root, '.spool/a'), { recursive: true });
    for (const name of ['.spool/a/1', 'a/.put-1.tmp', 'a/back\\slash', 'a/new\nline'])
      await writeFile(join(root, name), '');
    await symlink(join(root, 'a/b.jsonl'), join(root, 'a/link.jsonl'));
    await symlink(root, join(root, 'a/loop'));
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ path: 'a/b.jsonl', byteLength: 10 }]);
  });

  it('leaves nothing behind when an object cannot be put', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.put('a/folder/b', bytes);
    await failsWith('store_path_invalid', store.put('a/folder', bytes));
    await failsWith('store_path_invalid', store.put('a/folder/b/c', bytes));
    await failsWith('store_path_invalid', store.append('a/folder', { offset: 0, bytes }));
    await failsWith('store_path_invalid', store.append('a/folder/b/c', { offset: 0, bytes }));
    assert.deepEqual(await readdir(root, { recursive: true }), ['a', 'a/folder', 'a/folder/b']);
  });

  it('does not follow links below the root, for reading or writing', async () => {
    const [root, outside] = [await freshRoot(), await freshRoot()];
    await using store = await openFolderDatastore(root);
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'secret'), join(root, 'file'));
    await symlink(join(outside, 'new'), join(root, 'broken'));
    await failsWith('store_path_invalid', store.append('folder/below/new', { offset: 0, bytes }));
    for (const path of ['folder/secret', 'folder/new', 'file', 'broken']) {
      await failsWith('store_path_invalid', store.append(path, { offset: 0, bytes }));
      await failsWith('store_path_invalid', store.length(path));
      await failsWith('store_path_invalid', Array.fromAsync(store.read(path)));
    }
    await failsWith('store_path_invalid', store.put('folder/secret', bytes));
    await failsWith('store_path_invalid', store.delete('folder/secret'));
    await failsWith('store_path_invalid', Array.fromAsync(store.list('folder/')));
    await store.put('file', bytes);
    await store.delete('broken');
    assert.deepEqual(await readdir(outside), ['secret']);
    assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret');
    assert.ok((await lstat(join(root, 'file'))).isFile());
  });

  it('follows a link that is the root', async () => {
    const root = await freshRoot();
    const link = `${root}-link`;
    await symlink(root, link);
    await using store = await openFolderDatastore(link);
    await store.append('a/b', { offset: 0, bytes });
    assert.equal(await readFile(join(root, 'a/b'), 'utf8'), '0123456789');
  });

  it('says that the root went away, and does not make it again', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.append('a/b', { offset: 0, bytes });
    await rename(root, `${root}-away`);
    await failsWith('store_unreachable', store.length('a/b'));
    await failsWith('store_unreachable', store.append('a/b', { offset: 0, bytes }));
    await failsWith('store_unreachable', store.put('a/c', bytes));
    await failsWith('store_unreachable', Array.fromAsync(store.list('')));
    await assert.rejects(stat(root), { code: 'ENOENT' });
    await rename(`${root}-away`, root);
    await store.append('a/b', { offset: 10, bytes });
    assert.equal(await store.length('a/b'), 20);
  });

  it('does not begin what was given up while waiting for its turn', async () => {
    await using store = await openFolderDatastore(await freshRoot());
    const body = Promise.withResolvers<Buffer>();
    const first = store.put('a', { byteLength: 10, open: () => once(body.promise) });
    const giving = new AbortController();
    const second = store.append('a', { offset: 10, bytes }, giving);
    const third = store.append('a', { offset: 10, bytes: Buffer.from('!') });
    giving.abort();
    await failsWith('store_timeout', second);
    body.resolve(bytes);
    await Promise.all([first, third]);
    assert.equal(await textOf(store, 'a'), '0123456789!');
  });

  it('notices that an object is cut while it is read', async () => {
    const root = await freshRoot();
    await using store = await openFolderDatastore(root);
    await store.put('a', Buffer.alloc(2 ** 20));
    const reads = store.read('a')[Symbol.asyncIterator]();
    await reads.next();
    await truncate(join(root, 'a'), 10);
    await failsWith('store_failed', reads.next());
  });

  it('finishes what is under way before it is disposed of', async () => {
    const root = await freshRoot();
    const store = await openFolderDatastore(root);
    const appended = store.append('a', { offset: 0, bytes });
    await store[Symbol.asyncDispose]();
    assert.equal(await readFile(join(root, 'a'), 'utf8'), '0123456789');
    await appended;
  });

  it('leaves the length as it was when the disk takes a part of a piece only', async () => {
    // A limit on the size of files stands in for the end of the disk: the system writes up to it, then refuses.
    const root = await freshRoot();
    const script = `
      import { openFolderDatastore } from ${JSON.stringify(import.meta.resolve('./folder.ts'))};
      const store = await openFolderDatastore(${JSON.stringify(root)});
      await store.append('a', { offset: 0, bytes: Buffer.alloc(3000, 'a') });
      const error = await store.append('a', { offset: 3000, bytes: Buffer.alloc(6000, 'b') }).catch((error) => error);
      console.log(error.code, await store.length('a'));`;
    const limited = [
      '-c',
      'ulimit -f 8 && exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const env = { NODE_V8_COVERAGE: '' }; // a coverage report would be cut as well
    const { stdout } = await promisify(execFile)('/bin/sh', limited, { env });
    assert.equal(stdout, 'store_full 3000\n');
  });
});

async function* once(bytesLater: Promise<Buffer>): AsyncGenerator<Buffer> {
  yield await bytesLater;
}
