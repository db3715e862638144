import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { storeKinds } from './kinds.ts';

function placeOf(address: string): [type: string, settings: object, path: string] | undefined {
  for (const { type, fromUrl } of storeKinds) {
    const place = fromUrl?.(address);
    if (place !== undefined) return [type, place.settings, place.path];
  }
  return undefined;
}

describe('storeKinds', () => {
  it('find the store and the path that an address names', () => {
    assert.deepEqual(placeOf('s3://bucket/a b/50%/c'), ['s3', { bucket: 'bucket' }, 'a b/50%/c']);
    assert.deepEqual(placeOf('gs://bucket'), ['gcs', { bucket: 'bucket' }, '']);
    const settings = {
      account_name: 'account',
      container_name: 'box',
      endpoint: 'core.windows.net',
      protocol: 'https',
    };
    const https = 'https://account.blob.core.windows.net/box';
    assert.deepEqual(placeOf(`${https}/a%20b/c`), ['azure_blob', settings, 'a b/c']);
    assert.deepEqual(placeOf(`${https}?sv=1&sig=secret`), ['azure_blob', settings, '']);
  });

  it('know no other addresses', () => {
    for (const address of [
      '/data',
      'https://example.org/box',
      'http://account.blob.core.windows.net/box',
      's3',
    ])
      assert.equal(placeOf(address), undefined, address);
  });

  it('ask the time where the data go', () => {
    const clocks = storeKinds.map(({ type, clockUrl }) => [
      type,
      clockUrl?.({ account_name: 'account', container_name: 'box', filesystem: 'box', bucket: 'bucket' }),
    ]);
    assert.deepEqual(clocks, [
      ['folder', undefined],
      ['azure_blob', 'https://account.blob.core.windows.net/box'],
      ['azure_data_lake_gen2', 'https://account.blob.core.windows.net/box'],
      ['s3', 'https://s3.us-east-1.amazonaws.com'],
      ['gcs', 'https://storage.googleapis.com'],
    ]);
  });
});
