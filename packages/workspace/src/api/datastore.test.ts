import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { storeKinds } from '@gleaner/datastore';

import { datastoreFromRest, datastoreToRest } from './datastore.ts';
import { datastore } from './resources.ts';

/** Keys of credentials that go together; groups exclude each other. */
function groupOf(key: string): string {
  return /account_key|sas/.exec(key)?.[0] ?? 'rest';
}

/** As the server takes a body apart. */
function split(body: ReturnType<typeof datastoreToRest>) {
  const { secrets, ...credentials } = body.properties.credentials ?? { credentialsType: 'None' };
  return {
    plain: { ...body, properties: { ...body.properties, credentials } },
    secrets: secrets as Record<string, string>,
  };
}

describe('datastoreToRest and datastoreFromRest', () => {
  it('keep every key of every kind of datastore', () => {
    for (const kind of storeKinds) {
      const groups = new Map<string, string[]>();
      const credentialKeys = Object.keys(kind.keys).filter((key) => key.startsWith('credentials.'));
      for (const key of credentialKeys) groups.set(groupOf(key), [...(groups.get(groupOf(key)) ?? []), key]);
      for (const keys of groups.size === 0 ? [[]] : groups.values()) {
        const plain = Object.keys(kind.keys).filter((key) => !key.startsWith('credentials.'));
        const file: Record<string, unknown> = { type: kind.type };
        for (const key of plain) file[key] = `value of ${key}`;
        const credentials = Object.fromEntries(
          keys.map((key) => [key.slice('credentials.'.length), `value of ${key}`]),
        );
        if (keys.length > 0) file['credentials'] = credentials;
        const body = datastoreToRest('d', file);
        datastore.parse(body);
        const { plain: shown, secrets } = split(body);
        assert.deepEqual(datastoreFromRest(shown, secrets ?? {}), file);
        for (const key of keys)
          if (kind.keys[key]?.secret) assert.ok(!JSON.stringify(shown).includes(`value of ${key}`), key);
      }
    }
  });

  it('speak as the original does of an account key', () => {
    const file = {
      type: 'azure_blob',
      account_name: 'a',
      container_name: 'c',
      'credentials.account_key': 'k',
    };
    assert.deepEqual(datastoreToRest('d', { ...file, description: 'mine', tags: { a: 1 } }), {
      name: 'd',
      properties: {
        datastoreType: 'AzureBlob',
        description: 'mine',
        tags: { a: '1' },
        accountName: 'a',
        containerName: 'c',
        credentials: { credentialsType: 'AccountKey', secrets: { secretsType: 'AccountKey', key: 'k' } },
      },
    });
  });

  it('know no other type', () => {
    assert.equal(datastoreFromRest(datastoreToRest('d', { type: 'ftp' }), {}), undefined);
  });
});
