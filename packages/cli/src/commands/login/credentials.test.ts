import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import {
  credentialsPath,
  findCredential,
  forgetCredential,
  keepCredential,
  keepOwner,
  moveOwner,
} from './credentials.ts';

const first = { token: 'one', tenantId: 'a' };
const second = { token: 'two', tenantId: 'b' };
const server = 'http://127.0.0.1:5080';
const configDir = 'GLEANER_CONFIG_DIR';

describe('credentials', () => {
  let folder: string;
  let before: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-credentials-'));
    before = process.env[configDir];
    process.env[configDir] = join(folder, 'config');
  });
  afterEach(async () => {
    if (before === undefined) Reflect.deleteProperty(process.env, configDir);
    else process.env[configDir] = before;
    await rm(folder, { recursive: true });
  });

  it('are in the folder that the environment names', () => {
    assert.equal(credentialsPath({ XDG_CONFIG_HOME: '/x' }), '/x/gleaner/credentials.json');
    assert.equal(credentialsPath({ XDG_CONFIG_HOME: '/x', GLEANER_CONFIG_DIR: '/y' }), '/y/credentials.json');
  });

  it('are kept by server, for this user alone, until they are forgotten', async () => {
    assert.equal(await findCredential(server), undefined);
    await keepCredential(server, first);
    await keepCredential('http://127.0.0.1:5081', second);
    assert.deepEqual(await findCredential('http://localhost:5080/'), first);
    assert.equal((await stat(credentialsPath())).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'config'))).mode & 0o777, 0o700);
    await forgetCredential(server);
    assert.equal(await findCredential(server), undefined);
    assert.deepEqual(await findCredential('http://127.0.0.1:5081'), second);
  });

  it('follow a workspace to another address, and one that takes turns at an address with another', async () => {
    await keepOwner(server, first);
    await keepOwner(server, second);
    await moveOwner(server, 'a');
    assert.deepEqual(await findCredential(server), first);
    await moveOwner('http://127.0.0.1:5999', 'a');
    assert.deepEqual(await findCredential('http://127.0.0.1:5999'), first);
  });

  it('stay who logged in there when the workspace is started again', async () => {
    await keepOwner(server, first);
    await keepCredential(server, { token: 'guest', tenantId: 'a' });
    await moveOwner(server, 'a');
    assert.equal((await findCredential(server))?.token, 'guest');
  });

  it('lose nothing to each other when many are kept at a time', async () => {
    const servers = Array.from({ length: 20 }, (_, number) => `http://127.0.0.1:${6000 + number}`);
    await Promise.all(servers.map(async (one) => keepCredential(one, { token: one, tenantId: one })));
    for (const one of servers) assert.equal((await findCredential(one))?.token, one);
    assert.deepEqual(await readdir(join(folder, 'config')), ['credentials.json']);
  });

  it('are refused when others may read them, or they are cut; without a word of what is in them', async () => {
    await keepCredential(server, first);
    await chmod(credentialsPath(), 0o644);
    await assert.rejects(findCredential(server), { code: 'credentials_unreadable' });
    await chmod(credentialsPath(), 0o600);
    const text = await readFile(credentialsPath(), 'utf8');
    await writeFile(credentialsPath(), text.slice(0, text.indexOf('"one"') + 5));
    await assert.rejects(
      findCredential(server),
      (error: Error & { cause?: unknown }) => !/one/.test(error.message) && error.cause === undefined,
    );
  });
});
