import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { splitGrpcMessages } from './grpc-messages.ts';

describe('splitGrpcMessages', () => {
  it('splits a body into its messages, of which each may be compressed', async () => {
    const plain = frame(Buffer.from('one'));
    const gzip = Buffer.concat([plain, frame(gzipSync('two'), 1), frame(Buffer.alloc(0))]);
    assert.deepEqual(await texts(gzip, 'gzip'), ['one', 'two', '']);
    assert.deepEqual(await texts(frame(deflateSync('three'), 1), 'Deflate'), ['three']);
    assert.deepEqual(await texts(plain, undefined), ['one']);
    assert.deepEqual(await texts(plain, 'identity'), ['one']);
    assert.deepEqual(await texts(plain, 'snappy'), ['one']);
    assert.deepEqual(await texts(Buffer.alloc(0), undefined), []);
  });

  it('refuses a body that is cut off or is not gRPC', async () => {
    const body = frame(Buffer.from('message'));
    for (let length = 1; length < body.length; length++) {
      assert.equal(await splitGrpcMessages(body.subarray(0, length), undefined), undefined);
    }
    assert.equal(await splitGrpcMessages(Buffer.concat([body, Buffer.from([0])]), undefined), undefined);
    assert.equal(await splitGrpcMessages(frame(Buffer.from('message'), 2), undefined), undefined);
    assert.equal(await splitGrpcMessages(Buffer.from('00ffffffff', 'hex'), undefined), undefined);
  });

  it('refuses what it cannot inflate', async () => {
    const gzipped = gzipSync('message');
    assert.equal(await splitGrpcMessages(frame(gzipped, 1), undefined), undefined);
    assert.equal(await splitGrpcMessages(frame(gzipped, 1), 'identity'), undefined);
    assert.equal(await splitGrpcMessages(frame(gzipped, 1), 'zstd'), undefined);
    assert.equal(await splitGrpcMessages(frame(gzipped, 1), 'deflate'), undefined);
    assert.equal(await splitGrpcMessages(frame(gzipped.subarray(0, -9), 1), 'gzip'), undefined);
  });

  it('refuses messages that together inflate beyond 32 MiB', async () => {
    const half = frame(gzipSync(Buffer.alloc(16 * 1024 * 1024)), 1);
    assert.equal((await splitGrpcMessages(Buffer.concat([half, half]), 'gzip'))?.length, 2);
    const third = frame(gzipSync('x'), 1);
    assert.equal(await splitGrpcMessages(Buffer.concat([half, half, third]), 'gzip'), undefined);
    assert.equal(
      await splitGrpcMessages(frame(gzipSync(Buffer.alloc(33 * 1024 * 1024)), 1), 'gzip'),
      undefined,
    );
  });

  it('refuses more messages than a stream may have', async () => {
    assert.equal((await splitGrpcMessages(Buffer.alloc(5 * 16_384), undefined))?.length, 16_384);
    assert.equal(await splitGrpcMessages(Buffer.alloc(5 * 16_385), undefined), undefined);
  });

  it('never rejects', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom('gzip', 'deflate', undefined),
      async (body, encoding) => {
        await splitGrpcMessages(body, encoding);
        await splitGrpcMessages(frame(body, 1), encoding);
      },
    );
    await fc.assert(property);
  });
});

function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

async function texts(body: Uint8Array, encoding: string | undefined): Promise<string[] | undefined> {
  const messages = await splitGrpcMessages(body, encoding);
  return messages?.map((message) => Buffer.from(message).toString());
}
