import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from './lock.mjs';

describe('withLock', () => {
  let folder = '';
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'gleaner-lock-'))));
  after(() => rm(folder, { recursive: true }));

  it('lets one in at a time, and tells the others whom they wait for', async () => {
    const path = join(folder, 'shared.lock');
    const waitedFor: (number | undefined)[] = [];
    let inside = 0;
    const work = async () => {
      inside += 1;
      await sleep(10);
      assert.equal(inside, 1);
      inside -= 1;
    };
    const onWait = (pid: number | undefined) => waitedFor.push(pid);
    await Promise.all([1, 2, 3].map(() => withLock(path, work, { onWait })));
    assert.deepEqual(waitedFor, [process.pid, process.pid]);
  });

  it('frees the lock when the work fails', async () => {
    const path = join(folder, 'failing.lock');
    await assert.rejects(
      withLock(path, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(existsSync(path), false);
  });

  it('takes over from a process that is gone', async () => {
    const path = join(folder, 'orphan.lock');
    await writeFile(path, String(spawnSync(process.execPath, ['--version']).pid));
    assert.equal(await withLock(path, async () => 'done'), 'done');
  });

  it('stops waiting on an abort', async () => {
    const path = join(folder, 'held.lock');
    await writeFile(path, String(process.pid));
    await assert.rejects(
      withLock(path, async () => {}, { signal: AbortSignal.timeout(20) }),
      { name: 'AbortError' },
    );
    assert.equal(existsSync(path), true);
  });
});
