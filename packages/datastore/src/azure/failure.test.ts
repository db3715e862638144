import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { failsWith } from '../contract.ts';
import type { Datastore } from '../datastore.ts';
import type { DatastoreErrorCode } from '../errors.ts';
import { azureAccount } from './account.ts';
import { openAzureDatastore } from './azure.ts';
import type { AzureLimits } from './azure.ts';

interface Answer {
  status: number;
  code: string;
  message?: string;
  headers?: Record<string, string>;
}

/** A store over a server that answers every request alike; Azurite cannot be brought to most of these answers. */
async function answering(
  { status, code, message = 'In words.', headers = {} }: Answer,
  work: (store: Datastore, requests: string[]) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  await using server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml', ...headers });
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}\nRequestId:1</Message></Error>`;
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  await using store = await storeOver(server);
  await work(store, requests);
}

async function storeOver(server: Server, limits: Partial<AzureLimits> = {}): Promise<Datastore> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const settings = {
    account_name: 'gleaner1',
    container_name: 'collected',
    endpoint: `127.0.0.1:${port}`,
    protocol: 'http',
    'credentials.account_key': accountKey,
  };
  return openAzureDatastore(azureAccount(settings, { containerKey: 'container_name' }), limits);
}

const bytes = Buffer.from('x');
const accountKey = Buffer.from('a key').toString('base64');

describe('what Azure answers', () => {
  const meanings: [status: number, code: string, meaning: DatastoreErrorCode][] = [
    [429, 'TooManyRequests', 'store_throttled'],
    [503, 'ServerBusy', 'store_throttled'],
    [500, 'OperationTimedOut', 'store_unreachable'],
    [502, 'BadGateway', 'store_unreachable'],
    [504, 'GatewayTimeout', 'store_unreachable'],
    [500, 'InternalError', 'store_failed'],
    [401, 'NoAuthenticationInformation', 'store_permission_denied'],
    [404, 'ContainerNotFound', 'store_container_not_found'],
    [409, 'ContainerBeingDeleted', 'store_container_not_found'],
    [409, 'BlobIsSealed', 'store_object_closed'],
    [409, 'BlockCountExceedsLimit', 'store_object_closed'],
    [409, 'PathConflict', 'store_path_invalid'],
    [412, 'LeaseIdMissing', 'store_failed'],
  ];
  for (const [status, code, meaning] of meanings) {
    it(`${status} ${code} is ${meaning}, asked once`, async () => {
      await answering({ status, code }, async (store, requests) => {
        for (const call of [() => store.put('a', bytes), () => store.append('a', { offset: 0, bytes })]) {
          requests.length = 0;
          const { cause, message } = await failsWith(meaning, call());
          assert.equal(requests.length, 1);
          if (meaning !== 'store_object_closed')
            assert.match(`${message} ${String(cause)}`, new RegExp(code));
        }
        if (status !== 409) await failsWith(meaning, store.length('a'));
      });
    });
  }

  it('is waited for no longer than the caller does', { timeout: 20_000 }, async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    await using server = createServer((request) => {
      request.socket.once('close', () => left.resolve());
      asked.resolve();
    });
    await using store = await storeOver(server);
    const giving = new AbortController();
    const call = store.length('a', giving);
    await asked.promise;
    giving.abort(new Error('enough'));
    await failsWith('store_timeout', call);
    await left.promise;
  });

  it('is shown without the key, whatever it says', async () => {
    const telling = { status: 500, code: 'InternalError', message: `The key ${accountKey} is odd.` };
    await answering(telling, async (store) => {
      const { message } = await failsWith('store_failed', store.put('a', bytes));
      assert.match(message, /The key \*\*\* is odd/);
    });
  });

  it('may be that there is nothing so far behind', async () => {
    await answering({ status: 416, code: 'InvalidRange' }, async (store) => {
      assert.deepEqual(await Array.fromAsync(store.read('a', { start: 10 })), []);
    });
  });

  it('can break off, and is not asked for again', async () => {
    let requests = 0;
    await using server = createServer((request, response) => {
      requests += 1;
      response.writeHead(200, { 'content-length': 10, etag: '"1"' });
      response.write('01234', () => request.socket.resetAndDestroy());
    });
    await using store = await storeOver(server);
    await failsWith('store_unreachable', Array.fromAsync(store.read('a')));
    assert.equal(requests, 1);
  });

  it('can come when a part of a piece is there already, so the object is not said to be closed', async () => {
    const statuses = [201, 201, 409];
    await using server = createServer((request, response) => {
      request.resume();
      response.writeHead(statuses.shift() ?? 500, { 'x-ms-error-code': 'BlobIsSealed' }).end();
    });
    await using store = await storeOver(server, { maxBlockBytes: 1 });
    const { message } = await failsWith(
      'store_failed',
      store.append('a', { offset: 0, bytes: Buffer.from('12') }),
    );
    assert.match(message, /took 1 bytes/);
  });

  it('tells when the clock of this machine is off', async () => {
    const date = new Date(Date.now() - 20 * 60_000).toUTCString();
    const refused = { status: 403, code: 'AuthenticationFailed', headers: { date } };
    await answering(refused, async (store) => {
      const { fix } = await failsWith('store_permission_denied', store.put('a', bytes));
      assert.match(fix ?? '', /20 minutes ahead/);
    });
  });

  it('tells when the account takes no keys', async () => {
    await answering({ status: 403, code: 'KeyBasedAuthenticationNotPermitted' }, async (store) => {
      const { fix } = await failsWith('store_permission_denied', store.put('a', bytes));
      assert.match(fix ?? '', /takes no keys/);
    });
  });

  it('seals nothing where the account has no seal, and deletes no folder', async () => {
    const unknown = { status: 409, code: 'FeatureNotYetSupportedForHierarchicalNamespaceAccounts' };
    await answering(unknown, (store) => store.seal('a'));
    await answering({ status: 404, code: 'BlobNotFound' }, (store) => store.seal('a'));
    await answering({ status: 409, code: 'DirectoryIsNotEmpty' }, (store) => store.delete('a'));
    await answering({ status: 503, code: 'ServerBusy' }, async (store) => {
      await failsWith('store_throttled', store.seal('a'));
      await failsWith('store_throttled', store.delete('a'));
    });
  });
});
