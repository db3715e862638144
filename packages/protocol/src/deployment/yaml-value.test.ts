import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pythonRepr, pythonType } from './yaml-value.ts';
import type { ScalarContent, YamlScalar } from './yaml-value.ts';

describe('pythonRepr', () => {
  it('chooses quotes and escapes as Python does', () => {
    for (const [value, repr] of [
      ['maybe', "'maybe'"],
      ["it's", `"it's"`],
      [`it's "x"`, String.raw`'it\'s "x"'`],
      ['a\nb\t\\', String.raw`'a\nb\t\\'`],
      ['é☃😀', "'é☃😀'"],
      ['\u0007\u00a0\u200b\u{e0001}', String.raw`'\x07\xa0\u200b\U000e0001'`],
    ] as const) {
      assert.equal(pythonRepr(at({ kind: 'text', value })), repr);
    }
  });

  it('writes lists and maps', () => {
    const one = at({ kind: 'integer', value: 1n });
    const list = {
      kind: 'list',
      items: [at({ kind: 'null' }), at({ kind: 'boolean', value: true, source: 'on' })],
      ...place,
    } as const;
    const map = { kind: 'map', entries: [{ key: one, name: '1', value: list }], ...place } as const;
    assert.equal(pythonRepr(map), '{1: [None, True]}');
  });

  it('writes floats with point or exponent', () => {
    const numbers = [1, 0.1, -0, 1e15, 1e16, 1.5e300, 0.0001, 0.00001, Number.NaN, 1 / 0, -1 / 0];
    const reprs = '1.0 0.1 -0.0 1000000000000000.0 1e+16 1.5e+300 0.0001 1e-05 nan inf -inf';
    assert.equal(numbers.map((value) => pythonRepr(at({ kind: 'float', value }))).join(' '), reprs);
  });
});

describe('pythonType', () => {
  it('names classes', () => {
    assert.equal(pythonType({ kind: 'list', items: [], ...place }), "<class 'list'>");
    assert.equal(pythonType(at({ kind: 'text', value: '' })), "<class 'str'>");
  });
});

const place = { line: 1, column: 1 };

function at(content: ScalarContent): YamlScalar {
  return { ...content, ...place };
}
