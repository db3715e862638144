import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { writeCell, writeFloatCell, writeText } from './cell.ts';
import { recognizeData } from './data.ts';
import { writeTable } from './table.ts';
import type { Table } from './table.ts';
import { writeMilliseconds } from './typed-cells.ts';

describe('writeTable', () => {
  it('writes what the writers of the columns write, cell by cell', () => {
    fc.assert(
      fc.property(tables, (table) => {
        assert.equal(writeTable(table), cellByCell(table));
      }),
      { numRuns: 500 },
    );
  });

  it('writes every number of a column of floats in its place', () => {
    const columns = [
      { name: 'x', write: writeFloatCell },
      { name: 'n', write: writeCell },
      { name: 'y', write: writeFloatCell },
    ];
    const rows = [
      [0.1, 0.2, 3],
      ['1.5', 4, Number.NaN],
      [-0, null, 1e-7],
      [[0.3], 0.4, 2 ** 53],
      [-Infinity, 5e300],
    ];
    assert.equal(
      writeTable({ columns, rows }),
      '[{"x":0.1,"n":0.2,"y":3.0},{"x":"1.5","n":4,"y":null},{"x":0.0,"n":null,"y":1e-7},' +
        '{"x":[0.3],"n":0.4,"y":9007199254740992.0},{"x":null,"n":5e+300,"y":null}]',
    );
  });

  it('leaves fractions to a writer that makes something else of them', () => {
    const columns = [{ name: 'at', write: writeMilliseconds }];
    assert.equal(writeTable({ columns, rows: [[1.9], [2.1]] }), '[{"at":1},{"at":2}]');
  });

  it('is not led astray by a library that gives arrays a toJSON', () => {
    const rows = [{ a: 0.5, b: 1.5 }, { a: 2 }];
    Reflect.defineProperty(Array.prototype, 'toJSON', { configurable: true, value: () => 'mine' });
    try {
      const json = recognizeData(rows).toJson(() => false);
      assert.equal(json, '[{"a":0.5,"b":1.5},{"a":2.0,"b":null}]');
    } finally {
      Reflect.deleteProperty(Array.prototype, 'toJSON');
    }
  });

  it('reads every member once, so that what it found is what it writes', () => {
    let reads = 0;
    const row = {
      get a() {
        return ++reads / 2;
      },
      b: 0.25,
    };
    const rows = [row, { a: { toJSON: () => (row.b = 9) }, b: 0.75 }, row];
    assert.equal(
      recognizeData(rows).toJson(() => false),
      '[{"a":0.5,"b":0.25},{"a":9.0,"b":0.75},{"a":1.0,"b":0.25}]',
    );
    assert.equal(reads, 2);
  });
});

const primitive = fc.oneof(
  { arbitrary: fc.double(), weight: 3 },
  fc.integer(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(null, undefined, true, false, 0, -0, Number.NaN, Infinity, -Infinity, 1.5, 2 ** 53, 1e21),
);
const nested = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.array(primitive, { maxLength: 3 }),
  fc.dictionary(fc.string({ unit: 'binary', maxLength: 3 }), primitive, { maxKeys: 3 }),
  fc.float64Array({ maxLength: 3 }),
  fc.int8Array({ maxLength: 3 }),
  fc.bigInt64Array({ maxLength: 3 }),
  primitive.map((value) => ({ toJSON: () => value })),
);
const cell = fc.oneof({ arbitrary: primitive, weight: 4 }, nested);
const column = fc.record({
  name: fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('toJSON', '__proto__', '0')),
  write: fc.constantFrom(writeFloatCell, writeFloatCell, writeCell, writeMilliseconds),
});
/** Some rows lack their last cells. */
const tables: fc.Arbitrary<Table> = fc.array(column, { maxLength: 6 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(cell, { maxLength: columns.length, size: 'max' }), { maxLength: 6 }),
  }),
);

/** The same without a thought of speed. */
function cellByCell({ columns, rows }: Table): string {
  const texts = rows.map((cells) =>
    columns.map(({ name, write }, at) => `${writeText(name)}:${write(cells[at])}`),
  );
  return `[${texts.map((members) => `{${members.join(',')}}`).join(',')}]`;
}
