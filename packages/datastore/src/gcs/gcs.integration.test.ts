/** The GCS datastore on fake-gcs-server. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { startFakeGcs } from '@gleaner/testkit';
import { goTool } from '../../../../scripts/go-tool.ts';
import { datastoreContract, failsWith, textOf } from '../contract.ts';
import type { Datastore } from '../datastore.ts';
import { openGcsDatastore } from './gcs.ts';

const tool = await goTool('fake-gcs-server');
const skip = 'unavailable' in tool ? tool.unavailable : false;

describe('GCS (fake-gcs-server)', { skip }, async () => {
  if ('unavailable' in tool) return;
  const server = await startFakeGcs(tool.path);
  after(() => server[Symbol.asyncDispose]());
  const { endpoint } = server;
  let buckets = 0;
  const open = async (options?: { pageObjects: number }): Promise<Datastore> => {
    const bucket = `bucket-${buckets++}`;
    await server.makeBucket(bucket);
    return openGcsDatastore({ bucket, endpoint }, {}, options);
  };

  datastoreContract('GCS', () => open());

  it('tells a missing bucket from a missing object', async () => {
    await using store = await openGcsDatastore({ bucket: 'never-was', endpoint }, {});
    for (const call of everyCall(store)) {
      const { message } = await failsWith('store_container_not_found', call());
      assert.match(message, /never-was/);
    }
  });

  it('says that nobody answers', async () => {
    await using store = await openGcsDatastore({ bucket: 'some-bucket', endpoint: 'http://127.0.0.1:1' }, {});
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
    let position = 0;
    for await (const chunk of store.read('large')) {
      for (const offset of [0, chunk.byteLength - 1]) {
        assert.equal(chunk[offset], Math.floor((position + offset) / mebibyte));
      }
      position += chunk.byteLength;
    }
    assert.equal(position, body.byteLength);
  });

  it('leaves the old object when a large body fails or is given up', async () => {
    await using store = await open();
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
    assert.equal(await textOf(store, 'large'), 'old');
    assert.equal((await Array.fromAsync(store.list(''))).length, 1);
  });

  it('lists page by page, in code-unit order where that is not the order of bytes', async () => {
    await using store = await open({ pageObjects: 2 });
    const paths = ['x/\u{1F600}', 'x/\uFF21', 'x/a', 'x/b', 'y'].sort();
    for (const path of paths) await store.put(path, Buffer.from('x'));
    assert.deepEqual(
      (await Array.fromAsync(store.list(''))).map(({ path }) => path),
      paths,
    );
  });

  it('goes on reading one object while another reader stops early', async () => {
    await using store = await open();
    await store.put('large', large(20));
    const reading = store.read('large')[Symbol.asyncIterator]();
    await reading.next();
    for await (const chunk of store.read('large')) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    let steps = 0;
    while (!(await reading.next()).done) steps++;
    assert.ok(steps > 0);
  });

  it('lists what others have put, except names that are none here', async () => {
    await using store = await open();
    const { host } = new URL(store.url('x').replace('gs:', 'http:'));
    for (const name of [
      'control\u0001character',
      '.hidden/x',
      'a/.part',
      'a//b',
      'folder/',
      'kept & <named>',
    ]) {
      const query = new URLSearchParams({ uploadType: 'media', name }).toString();
      const answer = await fetch(`${endpoint}/upload/storage/v1/b/${host}/o?${query}`, {
        method: 'POST',
        body: 'x',
      });
      assert.equal(answer.status, 200, name);
    }
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ path: 'kept & <named>', byteLength: 1 }]);
  });

  it('has the URL that the tools of Google take', async () => {
    await using store = await openGcsDatastore({ bucket: 'some-bucket', endpoint }, {});
    assert.equal(store.url('a b/year=2025/é.jsonl'), 'gs://some-bucket/a b/year=2025/é.jsonl');
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
