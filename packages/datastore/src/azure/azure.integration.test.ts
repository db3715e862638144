import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ContainerSASPermissions } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { startAzurite } from '@gleaner/testkit';
import type { Azurite } from '@gleaner/testkit';
import { datastoreContract, failsWith, textOf } from '../contract.ts';
import type { Datastore } from '../datastore.ts';
import { DatastoreError } from '../errors.ts';
import { checkStorePath } from '../path.ts';
import { azureAccount } from './account.ts';
import { openAzureDatastore } from './azure.ts';
import type { AzureLimits } from './azure.ts';
import { azureBlobKind, azureDataLakeKind } from './kind.ts';

let azurite: Azurite;
let containers = 0;
before(async () => void (azurite = await startAzurite()));
after(() => azurite[Symbol.asyncDispose]());

type Settings = Record<string, string>;

const file = 'model_inputs/2025/01/31/23/instance.jsonl';
const mebibyte = 2 ** 20;
const bytesOf = (text: string) => Buffer.from(text);

async function freshContainer(): Promise<ContainerClient> {
  containers += 1;
  return azurite.createContainer(`container-${containers}`);
}

function settingsOf(container: string, others: Settings = {}): Settings {
  const place = { account_name: azurite.account, endpoint: azurite.endpoint, protocol: 'http' };
  return { ...place, container_name: container, ...others };
}

const withKey = (): Settings => ({ 'credentials.account_key': azurite.accountKey });

async function sasToken(
  container: ContainerClient,
  { permissions = 'racwdl', expiresInMs = 3_600_000 } = {},
): Promise<string> {
  const nowMs = Date.now();
  const url = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    startsOn: new Date(nowMs - 7_200_000),
    expiresOn: new Date(nowMs + expiresInMs),
  });
  return new URL(url).search;
}

async function openFresh(limits: Partial<AzureLimits> = {}): Promise<Datastore> {
  const { containerName } = await freshContainer();
  return openWithLimits(containerName, limits);
}

function openWithLimits(container: string, limits: Partial<AzureLimits>): Promise<Datastore> {
  const account = azureAccount(settingsOf(container, withKey()), { containerKey: 'container_name' });
  return openAzureDatastore(account, limits);
}

datastoreContract('azure_blob with an account key', async () => {
  const { containerName } = await freshContainer();
  return azureBlobKind.open(settingsOf(containerName, withKey()), {});
});

datastoreContract('azure_blob with a SAS token', async () => {
  const container = await freshContainer();
  const token = await sasToken(container);
  const settings = settingsOf(container.containerName, { 'credentials.sas_token': token });
  return withoutSealing(await azureBlobKind.open(settings, {}));
});

datastoreContract('azure_data_lake_gen2', async () => {
  const { containerName } = await freshContainer();
  const settings = { ...settingsOf(containerName, withKey()), filesystem: containerName };
  return azureDataLakeKind.open(settings, {});
});

/** Azurite knows no permission of a SAS token for sealing, and answers 500; Azure asks for `w`. */
function withoutSealing(store: Datastore): Datastore {
  return {
    writes: store.writes,
    length: store.length.bind(store),
    append: store.append.bind(store),
    put: store.put.bind(store),
    read: store.read.bind(store),
    list: store.list.bind(store),
    seal: async (path) => checkStorePath(path),
    delete: store.delete.bind(store),
    url: store.url.bind(store),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

describe('growing in Azure', () => {
  it('carries a large piece in several blocks', async () => {
    await using store = await openFresh({ maxBlockBytes: 4 });
    await store.append(file, { offset: 0, bytes: bytesOf('0123456789') });
    await store.append(file, { offset: 10, bytes: bytesOf('ab') });
    assert.equal(await textOf(store, file), '0123456789ab');
  });

  it('closes an object before its blocks are used up, and applies nothing', async () => {
    const { containerName } = await freshContainer();
    await using store = await openWithLimits(containerName, { maxBlockBytes: 2, maxBlocks: 3 });
    await store.append(file, { offset: 0, bytes: bytesOf('1122') });
    for (const writer of [store, await openWithLimits(containerName, { maxBlockBytes: 2, maxBlocks: 3 })]) {
      const { message } = await failsWith(
        'store_object_closed',
        writer.append(file, { offset: 4, bytes: bytesOf('334') }),
      );
      assert.match(message, /2 of at most 3 blocks/);
    }
    await store.append(file, { offset: 4, bytes: bytesOf('33') });
    await failsWith('store_object_closed', store.append(file, { offset: 6, bytes: bytesOf('4') }));
    assert.equal(await textOf(store, file), '112233');
    const made = store.append('another', { offset: 0, bytes: bytesOf('1122334') });
    await failsWith('store_object_closed', made);
    assert.ok(((await store.length('another')) ?? 0) === 0);
  });

  it('lets nobody append to what is sealed', async () => {
    const { containerName } = await freshContainer();
    await using store = await openWithLimits(containerName, {});
    await using other = await openWithLimits(containerName, {});
    await store.append(file, { offset: 0, bytes: bytesOf('one\n') });
    await other.append(file, { offset: 4, bytes: bytesOf('two\n') });
    await store.seal(file);
    for (const writer of [other, store]) {
      await failsWith('store_object_closed', writer.append(file, { offset: 8, bytes: bytesOf('x') }));
    }
    assert.equal(await textOf(store, file), 'one\ntwo\n');
  });

  it('seals no object that was put as a whole, and does not let it grow', async () => {
    await using store = await openFresh();
    await store.put(file, bytesOf('whole'));
    await store.seal(file);
    await failsWith('store_object_closed', store.append(file, { offset: 5, bytes: bytesOf('x') }));
    assert.equal(await textOf(store, file), 'whole');
  });

  it('sees that another writer was there', async () => {
    const { containerName } = await freshContainer();
    await using store = await openWithLimits(containerName, {});
    await using other = await openWithLimits(containerName, {});
    await store.append(file, { offset: 0, bytes: bytesOf('one\n') });
    await other.append(file, { offset: 4, bytes: bytesOf('more\n') });
    const { message } = await failsWith(
      'store_conflict',
      store.append(file, { offset: 4, bytes: bytesOf('two\n') }),
    );
    assert.match(message, /is 9 bytes long, not 4/);
    await other.delete(file);
    const gone = await failsWith('store_conflict', other.append(file, { offset: 9, bytes: bytesOf('x') }));
    assert.match(gone.message, /is 0 bytes long, not 9/);
  });

  it('goes on in an empty object that is there already', async () => {
    await using store = await openFresh();
    await store.append(file, { offset: 0, bytes: bytesOf('') });
    await store.append(file, { offset: 0, bytes: bytesOf('') });
    await store.append(file, { offset: 0, bytes: bytesOf('x') });
    assert.equal(await textOf(store, file), 'x');
  });
});

describe('putting in Azure', () => {
  it('puts in the place of what has grown, and says when it cannot', async () => {
    await using store = await openFresh({ putBlockBytes: 8 });
    await store.append(file, { offset: 0, bytes: bytesOf('old') });
    const large = { byteLength: 20, open: () => repeated(bytesOf('0123456789'), 2) };
    const refused = await failsWith('store_failed', store.put(file, large));
    assert.equal(refused.retryable, false);
    assert.equal(await textOf(store, file), 'old');
    await store.put(file, { byteLength: 4, open: () => repeated(bytesOf('ab'), 2) });
    assert.equal(await textOf(store, file), 'abab');
    await store.put(file, large);
    assert.equal(await textOf(store, file), '01234567890123456789');
  });

  it('streams a body of 40 MB and holds a block of it', async () => {
    await using store = await openFresh();
    const chunk = Buffer.alloc(mebibyte, 'x');
    const body = { byteLength: 40 * mebibyte, open: () => repeated(chunk, 40) };
    await store.put('warm', { byteLength: 16 * mebibyte, open: () => repeated(chunk, 16) });
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)), 5);
    await store.put(file, body);
    clearInterval(watch);
    assert.equal(await store.length(file), body.byteLength);
    assert.ok(peak < 30 * mebibyte, `${peak} bytes at the peak`);
  });

  it('keeps the old object when a body of many blocks fails at its end', async () => {
    await using store = await openFresh({ putBlockBytes: 4 });
    await store.put(file, bytesOf('old'));
    for (const byteLength of [19, 21]) {
      await failsWith(
        'store_failed',
        store.put(file, { byteLength, open: () => repeated(bytesOf('01234'), 4) }),
      );
    }
    const torn = {
      byteLength: 20,
      async *open() {
        yield bytesOf('0123456789');
        throw Object.assign(new Error('the spool is gone'), { code: 'ENOENT' });
      },
    };
    const { message } = await failsWith('store_failed', store.put(file, torn));
    assert.match(message, /the spool is gone/);
    assert.equal(await textOf(store, file), 'old');
  });
});

describe('reading from Azure', () => {
  it('takes no folder of a hierarchical namespace for an object', async () => {
    const container = await freshContainer();
    await using store = await openWithLimits(container.containerName, {});
    for (const path of ['a-b', 'a/b', 'a/c/d', 'a.b', 'b']) await store.put(path, bytesOf(path));
    for (const folder of ['a', 'a/c'])
      await container.getBlockBlobClient(folder).upload('', 0, { metadata: { hdi_isfolder: 'true' } });
    assert.equal(await store.length('a'), undefined);
    await failsWith('store_not_found', Array.fromAsync(store.read('a')));
    const listed = async (prefix: string) =>
      (await Array.fromAsync(store.list(prefix))).map(({ path }) => path);
    assert.deepEqual(await listed(''), ['a-b', 'a.b', 'a/b', 'a/c/d', 'b']);
    assert.deepEqual(await listed('a/'), ['a/b', 'a/c/d']);
  });

  it('leaves out names that no path of a store may have', async () => {
    const container = await freshContainer();
    await using store = await openWithLimits(container.containerName, {});
    for (const name of ['.hidden/x', 'a//b', 'a/b', 'c/.d'])
      await container.getBlockBlobClient(name).upload('x', 1);
    assert.deepEqual(
      (await Array.fromAsync(store.list(''))).map(({ path }) => path),
      ['a/b'],
    );
  });

  it('has URLs without the SAS token, with what must be encoded encoded', async () => {
    const container = await freshContainer();
    const token = await sasToken(container);
    const settings = settingsOf(container.containerName, { 'credentials.sas_token': token });
    await using store = await azureBlobKind.open(settings, {});
    assert.equal(
      store.url('a b/50%?.jsonl'),
      `http://${azurite.endpoint}/${azurite.account}/${container.containerName}/a%20b/50%25%3F.jsonl`,
    );
  });
});

describe('what Azure refuses', () => {
  it('names the account, the container and the role when the key is wrong', async () => {
    const { containerName } = await freshContainer();
    const wrong = Buffer.from('not the key').toString('base64');
    const settings = settingsOf(containerName, { 'credentials.account_key': wrong });
    for (const error of await failuresOf(settings, [wrong])) {
      assert.equal(error.code, 'store_permission_denied');
      assert.match(error.message, /^The account key .*Storage Blob Data Contributor/);
      assert.ok(error.message.includes(`container ${containerName} of storage account ${azurite.account}`));
      assert.match(error.fix ?? '', /credentials\.account_key/);
    }
  });

  it('says which permissions a SAS token lacks', async () => {
    const container = await freshContainer();
    const token = await sasToken(container, { permissions: 'rl' });
    const settings = settingsOf(container.containerName, { 'credentials.sas_token': token });
    await using store = await azureBlobKind.open(settings, {});
    assert.equal(await store.length(file), undefined);
    for (const call of [
      () => store.append(file, { offset: 0, bytes: bytesOf('x') }),
      () => store.put(file, bytesOf('x')),
      () => store.delete(file),
    ]) {
      const error = await failsWith('store_permission_denied', call());
      assert.match(error.message, /^The SAS token .*Storage Blob Data Contributor/);
      assert.ok(error.message.includes(`container ${container.containerName} `));
      assert.match(error.fix ?? '', /racwdl/);
      for (const secret of secretsIn(token)) assert.ok(!inspect(error, { depth: Infinity }).includes(secret));
    }
  });

  it('shows no SAS token to a caller who has given up', async () => {
    const container = await freshContainer();
    const token = await sasToken(container);
    const settings = settingsOf(container.containerName, { 'credentials.sas_token': token });
    await using store = await azureBlobKind.open(settings, {});
    const signal = AbortSignal.abort(new Error('enough'));
    const error = await failsWith('store_timeout', Array.fromAsync(store.list('', { signal })));
    for (const secret of secretsIn(token)) assert.ok(!inspect(error, { depth: Infinity }).includes(secret));
  });

  it('says that a SAS token has expired', async () => {
    const container = await freshContainer();
    const token = await sasToken(container, { expiresInMs: -3_600_000 });
    const settings = settingsOf(container.containerName, { 'credentials.sas_token': token });
    for (const error of await failuresOf(settings, secretsIn(token))) {
      assert.equal(error.code, 'store_permission_denied');
      assert.match(error.fix ?? '', /expired at \d{4}-/);
    }
  });

  it('says that the container is missing', async () => {
    const settings = settingsOf('no-such-container', withKey());
    for (const error of await failuresOf(settings, [azurite.accountKey])) {
      assert.equal(error.code, 'store_container_not_found');
      assert.match(error.message, /no container no-such-container/);
    }
  });

  it('says that nobody answers, whatever breaks', async () => {
    await using reset = createServer((socket) => void socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => reset.once('listening', resolve));
    const { port } = reset.address() as AddressInfo;
    const token = await sasToken(await freshContainer());
    for (const endpoint of [`127.0.0.1:${port}`, '127.0.0.1:9', 'host.invalid']) {
      const settings = { ...settingsOf('container', { 'credentials.sas_token': token }), endpoint };
      for (const error of await failuresOf(settings, secretsIn(token))) {
        assert.equal(error.code, 'store_unreachable', error.message);
        assert.match(error.message, /Storage account gleanertest does not answer/);
      }
    }
  });
});

/** Every call, and what it failed with; nothing that is shown of it may hold a secret. */
async function failuresOf(settings: Settings, secrets: string[]) {
  await using store = await azureBlobKind.open(settings, {});
  const calls = await Promise.allSettled([
    store.length(file),
    store.append(file, { offset: 0, bytes: bytesOf('x') }),
    store.put(file, bytesOf('x')),
    Array.fromAsync(store.read(file)),
    Array.fromAsync(store.list('')),
    store.delete(file),
  ]);
  const failures: DatastoreError[] = [];
  for (const call of calls) {
    const error: unknown = call.status === 'rejected' ? call.reason : undefined;
    assert.ok(error instanceof DatastoreError);
    const shown = inspect(error, { depth: Infinity, showHidden: true });
    for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
    failures.push(error);
  }
  return failures;
}

/** The token and its signature, in both spellings. */
function secretsIn(token: string): string[] {
  const signature = new URLSearchParams(token).get('sig') ?? assert.fail('no signature');
  return [signature, encodeURIComponent(signature), token.slice(1)];
}

async function* repeated(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < times; count += 1) yield chunk;
}
