import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { withFileLock } from './file-lock.ts';

describe('withFileLock', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-lock-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const quiet = { onWait: () => {}, signal: undefined };

  it('lets one in at a time, and leaves nothing', async () => {
    const path = join(folder, 'one', 'lock');
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await sleep(20);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(path, work, quiet)));
    assert.deepEqual(await readdir(join(folder, 'one')), []);
  });

  it('is free again after an error', async () => {
    const path = join(folder, 'error.lock');
    await assert.rejects(
      withFileLock(path, () => Promise.reject(new Error('no')), quiet),
      /no/,
    );
    assert.equal(await withFileLock(path, async () => 'yes', quiet), 'yes');
  });

  it('takes the lock of a process that is gone', async () => {
    const path = join(folder, 'gone.lock');
    await writeFile(path, '999999999 1');
    assert.equal(await withFileLock(path, async () => 'in', quiet), 'in');
  });

  it('takes the lock of an earlier process that had the number of this one', async () => {
    const path = join(folder, 'reused.lock');
    await writeFile(path, `${process.pid} 1`);
    assert.equal(await withFileLock(path, async () => 'in', quiet), 'in');
  });

  it('stops waiting when told to', async () => {
    const path = join(folder, 'wait.lock');
    const controller = new AbortController();
    const [inside, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const hold = () => {
      inside.resolve();
      return held.promise;
    };
    const holder = withFileLock(path, hold, quiet);
    await inside.promise;
    const waiter = withFileLock(path, async () => {}, {
      onWait: () => controller.abort(),
      signal: controller.signal,
    });
    await assert.rejects(waiter, { name: 'AbortError' });
    held.resolve();
    await holder;
  });
});
