/** Answers of S3 that the server of the integration test does not give. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAnsweringServer } from '@gleaner/testkit';
import { openS3Datastore } from './s3.ts';

const keys = { 'credentials.access_key_id': 'AKIA1', 'credentials.secret_access_key': 'secret' };

describe('the listing of S3', () => {
  it('gives names back that came encoded, and leaves out those that are none here', async () => {
    const encoded = ['a+b%2Bc', 'control%01', 'per%2520cent', '%E6%9D%B1/x'];
    const contents = encoded.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
    const asked: URLSearchParams[] = [];
    await using server = await startAnsweringServer(({ url = '' }) => {
      asked.push(new URL(url, 'http://host').searchParams);
      return {
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>${contents}</ListBucketResult>`,
      };
    });
    await using store = await openS3Datastore(
      { bucket: 'some-bucket', endpoint: server.endpoint, ...keys },
      {},
    );
    const listed = await Array.fromAsync(store.list(''));
    assert.deepEqual(
      listed.map(({ path }) => path),
      ['a b+c', 'per%20cent', '東/x'],
    );
    assert.equal(asked[0]?.get('encoding-type'), 'url');
  });
});
