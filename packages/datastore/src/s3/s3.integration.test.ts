/** The S3 datastore on a real server. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as sdk from '@aws-sdk/client-s3';
import { startVersitygw } from '@gleaner/testkit';
import { goTool } from '../../../../scripts/go-tool.ts';
import { datastoreContract, failsWith, textOf } from '../contract.ts';
import type { Datastore } from '../datastore.ts';
import { createObjectDatastore } from '../object-datastore.ts';
import { openS3Datastore } from './s3.ts';
import { createS3Service } from './service.ts';

const tool = await goTool('versitygw');
const skip = 'unavailable' in tool ? tool.unavailable : false;

describe('S3 (versitygw)', { skip }, async () => {
  if ('unavailable' in tool) return;
  const server = await startVersitygw(tool.path);
  after(() => server[Symbol.asyncDispose]());
  const { endpoint } = server;
  const keys = {
    'credentials.access_key_id': server.accessKeyId,
    'credentials.secret_access_key': server.secretAccessKey,
  };
  let buckets = 0;
  const makeBucket = async () => {
    const bucket = `bucket-${buckets++}`;
    await server.makeBucket(bucket);
    return bucket;
  };
  const open = async (bucket?: string, options?: { pageObjects: number }): Promise<Datastore> =>
    openS3Datastore({ bucket: bucket ?? (await makeBucket()), endpoint, ...keys }, {}, options);

  const plainClient = () =>
    new sdk.S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
    });

  datastoreContract('S3', () => open());

  it('names the access key when its secret is wrong, and nowhere the secret', async () => {
    const secret = 'wrong-and-never-shown-0123456789';
    const token = 'token-and-never-shown-0123456789';
    const settings = {
      bucket: await makeBucket(),
      endpoint,
      'credentials.access_key_id': server.accessKeyId,
      'credentials.secret_access_key': secret,
    };
    for (const more of [{}, { 'credentials.session_token': token }]) {
      await using store = await openS3Datastore({ ...settings, ...more }, {});
      for (const call of everyCall(store)) {
        const error = await failsWith('store_permission_denied', call());
        assert.ok(error.message.includes(`access key ${server.accessKeyId}`), error.message);
        assert.ok(error.message.includes(settings.bucket), error.message);
        assert.match(error.message, /SignatureDoesNotMatch|InvalidToken/);
        assert.match(error.fix ?? '', /secret access key|session token/);
        assert.equal(error.retryable, true);
        const everything = inspect(error, { depth: Infinity, showHidden: true });
        for (const one of [secret, token, 'Signature=']) assert.ok(!everything.includes(one), everything);
      }
    }
  });

  it('tells a missing bucket from a missing object', async () => {
    await using store = await open('never-was');
    for (const call of everyCall(store)) {
      const { message } = await failsWith('store_container_not_found', call());
      assert.match(message, /never-was/);
    }
  });

  it('says that nobody answers', async () => {
    const settings = { bucket: 'some-bucket', endpoint: 'http://127.0.0.1:1', ...keys };
    await using store = await openS3Datastore(settings, {});
    for (const call of everyCall(store)) {
      const { message } = await failsWith('store_unreachable', call());
      assert.match(message, /127\.0\.0\.1:1 .*ECONNREFUSED/);
    }
  });

  it('streams a large body in parts, with little of it in memory', async () => {
    await using store = await open();
    let most = 0;
    const body = large(41, () => (most = Math.max(most, process.memoryUsage().arrayBuffers)));
    const before = process.memoryUsage().arrayBuffers;
    await store.put('large', body);
    assert.ok(most - before < 24 * mebibyte, `${most - before} bytes`);
    assert.equal(await store.length('large'), body.byteLength);
    await assertLarge(store, body.byteLength);
  });

  it('sends the checksums that AWS gets, with parts and without', async () => {
    const access = { bucket: await makeBucket(), identity: 'the test', service: endpoint, secrets: [] };
    const service = createS3Service({ sdk, client: plainClient(), access });
    await using store = createObjectDatastore(service);
    const body = large(17);
    await store.put('large', body);
    await assertLarge(store, body.byteLength);
    await store.put('small', Buffer.from('small'));
    assert.equal(await textOf(store, 'small'), 'small');
  });

  it('leaves the old object and no parts behind when a large body fails or is given up', async () => {
    const bucket = await makeBucket();
    await using store = await open(bucket);
    await store.put('large', Buffer.from('old'));
    const whole = large(24);
    const giving = new AbortController();
    const bodies = [
      { ...whole, byteLength: whole.byteLength + 1 },
      { ...whole, byteLength: whole.byteLength - 1 },
      large(24, (sent) => {
        if (sent === 20) throw Object.assign(new Error('the spool is gone'), { code: 'ENOENT' });
      }),
    ];
    for (const body of bodies) await failsWith('store_failed', store.put('large', body));
    const given = large(24, (sent) => void (sent === 20 && giving.abort(new Error('enough'))));
    await failsWith('store_timeout', store.put('large', given, giving));
    await store[Symbol.asyncDispose]();

    const client = plainClient();
    const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket }));
    client.destroy();
    assert.deepEqual(Uploads, []);
    await using again = await open(bucket);
    assert.equal(await textOf(again, 'large'), 'old');
  });

  it('lists page by page', async () => {
    const bucket = await makeBucket();
    await using store = await open(bucket, { pageObjects: 3 });
    const paths = Array.from({ length: 10 }, (_, index) => `many/${index}`);
    await Promise.all(paths.map((path) => store.put(path, Buffer.from(path))));
    const listed = await Array.fromAsync(store.list('many/'));
    assert.deepEqual(
      listed.map(({ path }) => path),
      paths,
    );
  });

  it('lists in code-unit order where that is not the order of bytes', async () => {
    await using store = await open(undefined, { pageObjects: 1 });
    const paths = ['x/\u{1F600}', 'x/\uFF21', 'x/a', 'y'].sort();
    for (const path of paths) await store.put(path, Buffer.from('x'));
    assert.deepEqual(
      (await Array.fromAsync(store.list(''))).map(({ path }) => path),
      paths,
    );
  });

  it('lists what others have put, except names that are none here', async () => {
    const bucket = await makeBucket();
    await using store = await open(bucket);
    const client = plainClient();
    for (const Key of ['.hidden/x', 'a/.part', 'kept & <named>', 'a\\b']) {
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    }
    client.destroy();
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ path: 'kept & <named>', byteLength: 1 }]);
  });

  it('has the URL that the tools of S3 take', async () => {
    await using store = await open('some-bucket');
    assert.equal(store.url('a b/year=2025/é.jsonl'), 's3://some-bucket/a b/year=2025/é.jsonl');
  });
});

const mebibyte = 2 ** 20;

/** `tell` hears how many MiB were asked for before. The bytes are there from the start, for measuring the memory of others. */
function large(mebibytes: number, tell: (sent: number) => void = () => undefined) {
  const chunks = Array.from({ length: mebibytes }, (_, index) => Buffer.alloc(mebibyte, index));
  return {
    byteLength: mebibytes * mebibyte,
    async *open() {
      for (const [sent, chunk] of chunks.entries()) {
        tell(sent);
        yield chunk;
      }
    },
  };
}

function everyCall(store: Datastore): (() => Promise<unknown>)[] {
  return [
    () => store.length('a'),
    () => store.put('a', Buffer.from('a')),
    () => store.put('a', large(17)),
    () => store.delete('a'),
    () => Array.fromAsync(store.read('a')),
    () => Array.fromAsync(store.read('a', { start: 1, end: 1 })),
    () => Array.fromAsync(store.list('')),
  ];
}

async function assertLarge(store: Datastore, byteLength: number): Promise<void> {
  let position = 0;
  for await (const chunk of store.read('large')) {
    for (const offset of [0, chunk.byteLength - 1]) {
      assert.equal(chunk[offset], Math.floor((position + offset) / mebibyte));
    }
    position += chunk.byteLength;
  }
  assert.equal(position, byteLength);
}
