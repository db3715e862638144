import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { columnType, mergeColumns } from './column-types.ts';
import type { ValueKind } from './column-types.ts';

const types: [ValueKind[], string][] = [
  [[], 'VARCHAR'],
  [['whole'], 'BIGINT'],
  [['whole', 'long'], 'HUGEINT'],
  [['whole', 'decimal'], 'DOUBLE'],
  [['long', 'decimal'], 'DOUBLE'],
  [['boolean'], 'BOOLEAN'],
  [['boolean', 'whole'], 'VARCHAR'],
  [['text'], 'VARCHAR'],
  [['whole', 'text'], 'VARCHAR'],
  [['nested'], 'JSON'],
  [['nested', 'text'], 'VARCHAR'],
  [['nested', 'decimal'], 'VARCHAR'],
];

describe('columnType', () => {
  for (const [kinds, type] of types) {
    it(`is ${type} for ${kinds.join(' and ') || 'nulls'}`, () =>
      assert.equal(columnType(new Set(kinds)), type));
  }
});

describe('mergeColumns', () => {
  it('lets a later file widen a column, and add one', () => {
    const merged = mergeColumns([
      [{ name: 'a', kinds: ['whole'] }],
      [
        { name: 'b', kinds: [] },
        { name: 'a', kinds: ['decimal'] },
      ],
      [{ name: 'b', kinds: ['text'] }],
    ]);
    assert.deepEqual(merged, [
      { name: 'a', type: 'DOUBLE' },
      { name: 'b', type: 'VARCHAR' },
    ]);
  });
});
