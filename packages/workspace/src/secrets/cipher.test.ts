import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { openCipher } from './cipher.ts';

const owner = { resourceId: '/workspaces/w/datastores/blob', name: 'secrets' };

describe('openCipher', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-cipher-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));
  const keyPath = () => join(folder, 'key');

  it('makes a key that only its owner may read, and reads with it what was written at an earlier start', async () => {
    const sealed = (await openCipher(keyPath())).encrypt('hunter2', owner);
    const { mode, size } = await stat(keyPath());
    assert.equal(mode & 0o777, 0o600);
    assert.equal(size, 32);
    assert.doesNotMatch(sealed, /hunter2/);
    assert.equal((await openCipher(keyPath())).decrypt(sealed, owner), 'hunter2');
  });

  it('never writes the same text twice', async () => {
    const cipher = await openCipher(keyPath());
    assert.notEqual(cipher.encrypt('hunter2', owner), cipher.encrypt('hunter2', owner));
  });

  it('reads nothing that was changed, moved to another owner, or written with another key', async () => {
    const cipher = await openCipher(keyPath());
    const sealed = cipher.encrypt('hunter2', owner);
    const other = await openCipher(join(folder, 'other'));
    const refused = { code: 'secret_unreadable' };
    assert.throws(
      () => cipher.decrypt(sealed, { ...owner, resourceId: '/workspaces/w/datastores/x' }),
      refused,
    );
    assert.throws(() => cipher.decrypt(sealed, { ...owner, name: 'x' }), refused);
    assert.throws(() => other.decrypt(sealed, owner), refused);
    const changed = sealed.slice(0, 20) + (sealed[20] === 'A' ? 'B' : 'A') + sealed.slice(21);
    assert.throws(() => cipher.decrypt(changed, owner), refused);
    assert.throws(() => cipher.decrypt('v1:', owner), refused);
  });

  it('refuses a key that others may read, or that was cut', async () => {
    await openCipher(keyPath());
    await chmod(keyPath(), 0o640);
    await assert.rejects(openCipher(keyPath()), { code: 'key_file_invalid' });
    await writeFile(join(folder, 'short'), 'x', { mode: 0o600 });
    await assert.rejects(openCipher(join(folder, 'short')), { code: 'key_file_invalid' });
  });
});
