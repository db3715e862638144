import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RowWriter } from './rows.ts';
import type { Tensor } from './tensor.ts';
import { rawValues } from './tensor.ts';

describe('RowWriter', () => {
  it('makes a row of each index of the first dimension, and a column of each tensor', async () => {
    assert.equal(
      await rows([bytes('a', [2], [1, 2]), bytes('b', [2, 1], [3, 4])]),
      '[{"a":1,"b":3},{"a":2,"b":4}]',
    );
  });

  it('nests what has more than one value per row as its shape says', async () => {
    assert.equal(await rows([bytes('a', [2, 2], [1, 2, 3, 4])]), '[{"a":[1,2]},{"a":[3,4]}]');
    assert.equal(await rows([bytes('a', [1, 2, 3], [1, 2, 3, 4, 5, 6])]), '[{"a":[[1,2,3],[4,5,6]]}]');
    assert.equal(await rows([bytes('a', [1, 1, 1], [7])]), '[{"a":[[7]]}]');
    assert.equal(
      await rows([bytes('a', [2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8])]),
      '[{"a":[[[1,2]],[[3,4]]]},{"a":[[[5,6]],[[7,8]]]}]',
    );
  });

  it('keeps the arrays of a shape that has no values', async () => {
    assert.equal(
      await rows([bytes('a', [2, 0], []), bytes('b', [2], [1, 2])]),
      '[{"a":[],"b":1},{"a":[],"b":2}]',
    );
    assert.equal(await rows([bytes('a', [1, 3, 0, 2], [])]), '[{"a":[[],[],[]]}]');
    assert.equal(await rows([bytes('a', [1, 0, 3], [])]), '[{"a":[]}]');
    assert.equal(await rows([bytes('a', [0, 3], [])]), '[]');
    assert.equal(await rows([]), '[]');
  });

  it('writes names as they are given', async () => {
    assert.equal(await rows([bytes('a"\n\u2028', [1], [1])]), '[{"a\\"\\n\u2028":1}]');
    assert.equal(await rows([bytes('', [1], [1]), bytes('__proto__', [1], [2])]), '[{"":1,"__proto__":2}]');
  });

  it('joins the rows of several messages', async () => {
    const writer = new RowWriter(1000);
    assert.ok(await writer.write([bytes('a', [1], [1])]));
    assert.ok(await writer.write([]));
    assert.ok(await writer.write([bytes('b', [2], [2, 3])]));
    assert.equal(String(writer.finish()), '[{"a":1},{"b":2},{"b":3}]');
  });

  it('refuses tensors that are not rows', async () => {
    assert.equal(
      await rows([bytes('a', [2], [1, 2]), bytes('b', [1], [1])]),
      undefined,
      'first dimensions differ',
    );
    assert.equal(
      await rows([bytes('a', [2], [1, 2]), bytes('b', [3, 0], [])]),
      undefined,
      'and there is no value',
    );
    assert.equal(await rows([bytes('a', [1], [1]), bytes('a', [1], [1])]), undefined, 'a name twice');
    assert.equal(await rows([bytes('a', [], [1])]), undefined, 'no dimension');
    assert.equal(await rows([bytes('a', [3], [1, 2])]), undefined, 'too few values');
    assert.equal(await rows([bytes('a', [1], [1, 2])]), undefined, 'too many values');
    assert.equal(await rows([bytes('a', [0], [1])]), undefined, 'values of no row');
  });

  it('refuses hostile shapes at once', async () => {
    const huge = 2 ** 52;
    const shapes = [
      [-1],
      [-1, -1],
      [1, -1, -1],
      [huge],
      [huge, 0],
      [1, huge, 0],
      [1, huge, huge, 0],
      [huge, huge, huge],
      [1, 40_000, 0, huge],
      [1.5],
      [Number.NaN],
      [2 ** 60],
      [1, ...Array.from({ length: 64 }, () => 1)],
      [1, ...Array.from({ length: 63 }, () => huge), 0],
    ];
    // Any of them, when it is written out, takes minutes or all memory.
    for (const shape of shapes) {
      for (const values of [[], [1]])
        assert.equal(await rows([bytes('a', shape, values)], 100_000), undefined, shape.join());
    }
  });

  it('refuses more text than the limit, at the latest at the end', async () => {
    assert.equal(await rows([bytes('a', [3], [1, 2, 3])], 25), '[{"a":1},{"a":2},{"a":3}]');
    assert.equal(await rows([bytes('a', [3], [1, 2, 3])], 24), undefined);
    assert.equal(await rows([bytes('ä', [3], [1, 2, 3])], 27), undefined, 'bytes count, not characters');
    assert.equal(
      await rows([bytes('a', [1, 500_000], new Uint8Array(500_000).fill(255))], 1_500_000),
      undefined,
    );
  });

  it('takes no value when it is clear that they are too many, and stops when they have become so', async () => {
    const content = new Uint8Array(200_000).fill(255);
    let taken = 0;
    const counted = (shape: number[]): Tensor => {
      const { values, ...tensor } = bytes('a', shape, content);
      const next = (): string | undefined => {
        taken++;
        return values.next();
      };
      return { ...tensor, values: { ...values, next } };
    };
    assert.equal(await rows([counted([200_001])]), undefined, 'more than there are');
    assert.equal(await rows([counted([200_000])], 1_000_000), undefined, 'more than fit into the text');
    assert.equal(taken, 0);
    assert.equal(await rows([counted([1, 200_000])], 500_000), undefined);
    assert.ok(taken > 0 && taken < 150_000, String(taken));
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const text = await rows([bytes('a', [1, 500_000], new Uint8Array(500_000))], 2_000_000);
    isDone = true;
    assert.equal(text?.length, '[{"a":[]}]'.length + 2 * 500_000 - 1);
    assert.ok(turns >= 10, String(turns));
  });
});

function bytes(name: string, shape: number[], values: number[] | Uint8Array): Tensor {
  const read = rawValues('UINT8', Uint8Array.from(values));
  assert.ok(read);
  return { name, shape, values: read };
}

async function rows(tensors: Tensor[], maxBytes = 2_000_000): Promise<string | undefined> {
  const writer = new RowWriter(maxBytes);
  if (!(await writer.write(tensors))) return undefined;
  return writer.finish()?.toString();
}
