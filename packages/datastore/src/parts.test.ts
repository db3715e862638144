import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gather, partBytesFor, partsOf } from './parts.ts';

const mebibyte = 2 ** 20;

describe('partBytesFor', () => {
  it('is 8 MiB, and more only where there would be more than 10,000 parts', () => {
    assert.equal(partBytesFor(17 * mebibyte), 8 * mebibyte);
    assert.equal(partBytesFor(80_000 * mebibyte), 8 * mebibyte);
    assert.equal(partBytesFor(80_000 * mebibyte + 1), 9 * mebibyte);
    const largest = 50_000 * 1024 * mebibyte;
    assert.ok(largest / partBytesFor(largest) <= 10_000);
  });
});

describe('partsOf', () => {
  it('gives every byte once, in parts of one length and a last one', async () => {
    const cases = fc.record({
      lengths: fc.array(fc.nat(20), { maxLength: 12 }),
      partBytes: fc.integer({ min: 1, max: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ lengths, partBytes }) => {
        const chunks = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const whole = Buffer.concat(chunks);
        const source = () => ({ byteLength: whole.byteLength, chunks: streamed(chunks) });
        const parts = await Array.fromAsync(partsOf(source(), partBytes), (part) => Buffer.from(part));
        assert.ok(Buffer.concat(parts).equals(whole));
        assert.ok(parts.slice(0, -1).every(({ byteLength }) => byteLength === partBytes));
        assert.equal(parts.length, Math.max(1, Math.ceil(whole.byteLength / partBytes)));
        assert.ok((await gather(source())).equals(whole));
      }),
    );
  });

  it('keeps the last part back until the source has ended', async () => {
    const parts = partsOf({ byteLength: 4, chunks: faulty() }, 2);
    assert.equal((await parts.next()).value?.toString(), '12');
    await assert.rejects(parts.next(), /longer than it said/);
  });
});

async function* streamed(chunks: Buffer[]) {
  yield* chunks;
}

async function* faulty() {
  yield Buffer.from('1234');
  throw new Error('longer than it said');
}
