import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { describe, it } from 'node:test';

describe('the kinds of Azure', () => {
  it('load nothing of Azure before they are opened, and of identities only for an identity', async () => {
    const loaded = new Set<string>();
    const hooks = registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('@azure/')) loaded.add(specifier);
        return next(specifier, context);
      },
    });
    try {
      const { azureBlobKind } = await import('./kind.ts');
      assert.deepEqual([...loaded], []);
      const place = { account_name: 'gleaner1', container_name: 'collected' };
      const key = { 'credentials.account_key': Buffer.from('key').toString('base64') };
      await using _store = await azureBlobKind.open({ ...place, ...key }, {});
      assert.ok(loaded.has('@azure/storage-blob'));
      assert.ok(!loaded.has('@azure/identity'));
    } finally {
      hooks.deregister();
    }
  });

  it('ask for the keys that a datastore of each kind must have', async () => {
    const { azureBlobKind, azureDataLakeKind } = await import('./kind.ts');
    const required = ({ keys }: typeof azureBlobKind) =>
      Object.keys(keys).filter((key) => keys[key]?.required);
    const secret = ({ keys }: typeof azureBlobKind) => Object.keys(keys).filter((key) => keys[key]?.secret);
    assert.deepEqual(required(azureBlobKind), ['account_name', 'container_name']);
    assert.deepEqual(required(azureDataLakeKind), ['account_name', 'filesystem']);
    for (const kind of [azureBlobKind, azureDataLakeKind]) {
      assert.deepEqual(secret(kind), [
        'credentials.account_key',
        'credentials.sas_token',
        'credentials.client_secret',
      ]);
    }
  });
});
