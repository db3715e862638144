import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inCodeUnitOrder } from './code-unit-order.ts';

const asObjects = (paths: string[]) => paths.map((path) => ({ path }));

async function* inByteOrder(paths: string[]) {
  yield* asObjects([...paths].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))));
}

describe('inCodeUnitOrder', () => {
  it('brings any listing of a cloud into the order of JavaScript', async () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '/',
      '\uE000',
      '\uFF21',
      '\uFFFD',
      '\u{1F600}',
      '\u{10FFFF}',
      '\uD7FF',
    );
    const paths = fc.uniqueArray(
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('')),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(paths, async (given) => {
        assert.deepEqual(
          await Array.fromAsync(inCodeUnitOrder(inByteOrder(given))),
          asObjects([...given].sort()),
        );
      }),
    );
  });

  it('holds nothing where the orders agree', async () => {
    let given = 0;
    async function* source() {
      for (const path of ['a', 'b/\u{1F600}', 'c']) {
        given++;
        yield { path };
      }
    }
    let taken = 0;
    for await (const { path } of inCodeUnitOrder(source())) {
      taken++;
      assert.equal(given, taken, path);
    }
    assert.equal(taken, 3);
  });
});
