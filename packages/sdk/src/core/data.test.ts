import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';

import fc from 'fast-check';

import { recognizeData } from './data.ts';
import { CollectorError } from './errors.ts';

const none = () => false;
const json = (data: unknown) => recognizeData(data).toJson(none);
const failsWith = (code: string, message: RegExp, data: unknown) =>
  assert.throws(
    () => json(data),
    (error) => error instanceof CollectorError && error.code === code && message.test(error.message),
  );
/** The place and the reason of a value that stands in the second row of column b. */
const at = (reason: string) => new RegExp(`^row 1, column "b": ${reason}`);
const rowsWith = (value: unknown) => [
  { a: 1, b: 2 },
  { a: 1, b: value },
];

describe('recognizeData', () => {
  it('names the shape it found', () => {
    assert.equal(recognizeData([{ a: 1 }]).collectDataType, 'gleaner.Rows');
    assert.equal(recognizeData({ a: [1] }).collectDataType, 'gleaner.Columns');
  });

  it('takes plain objects of another realm, and those without a prototype', () => {
    const bare: Record<string, unknown> = Object.create(null);
    bare['a'] = runInNewContext('new Date(5)');
    assert.equal(json([bare]), '[{"a":5}]');
    assert.equal(json(runInNewContext('[{a: [1, {b: 2}]}]')), '[{"a":[1,{"b":2}]}]');
  });

  it('refuses everything else, and says what is accepted', () => {
    class Point {
      x = 1;
    }
    const refused = [null, undefined, 'text', 5, new Map(), new Set([1]), new Point(), new Date(), () => 1];
    for (const data of [...refused, new Float64Array(2), [[1, 2]], [{ a: 1 }, new Point()], [null], [1]]) {
      failsWith(
        'data_type_unsupported',
        /not supported, supported types: array of row objects, object of/,
        data,
      );
    }
    failsWith('data_type_unsupported', /array with a Point at index 1/, [{ a: 1 }, new Point()]);
  });

  it('tells one row from columns', () => {
    assert.throws(() => json({ a: 1, b: 'x' }), {
      fix: 'One row is collected as an array of one: collect([row]).',
    });
  });

  it('refuses columns of different lengths', () => {
    failsWith('data_type_unsupported', /column "b" has 1 values, column "a" has 2/, { a: [1, 2], b: ['x'] });
  });
});

describe('the body of an event', () => {
  it('has rows and columns in order, and null where a row lacks a column', () => {
    assert.equal(
      json([
        { b: 1, a: 'x' },
        { a: 'y', b: 2 },
      ]),
      '[{"b":1,"a":"x"},{"b":2,"a":"y"}]',
    );
    assert.equal(json([{ a: 1 }, { b: 2 }]), '[{"a":1,"b":null},{"a":null,"b":2}]');
    assert.equal(json({ a: [1, 2], b: ['x', undefined] }), '[{"a":1,"b":"x"},{"a":2,"b":null}]');
  });

  it('is an empty list for no rows, and has empty rows for rows without columns', () => {
    assert.equal(json([]), '[]');
    assert.equal(json({}), '[]');
    assert.equal(json({ a: [] }), '[]');
    assert.equal(json([{}, {}]), '[{},{}]');
  });

  it('writes a column as floats when one of its numbers is no integer, otherwise as integers', () => {
    assert.equal(
      json([
        { a: 1, b: 1 },
        { a: 0.5, b: 2 },
      ]),
      '[{"a":1.0,"b":1},{"a":0.5,"b":2}]',
    );
    assert.equal(json([{ a: 1 }, { a: Number.NaN }, { a: null }]), '[{"a":1.0},{"a":null},{"a":null}]');
    assert.equal(json([{ a: 1 }, { a: null }, { a: undefined }]), '[{"a":1},{"a":null},{"a":null}]');
    assert.equal(json([{ a: 1n }, { a: 2.5 }]), '[{"a":1.0},{"a":2.5}]');
    assert.equal(json([{ a: 1e21, b: 2 ** 53 }]), '[{"a":1e+21,"b":9007199254740992.0}]');
    assert.equal(json([{ a: [1, 2] }, { a: [0.5, [3]] }]), '[{"a":[1.0,2.0]},{"a":[0.5,[3.0]]}]');
    assert.equal(json([{ a: { x: 1, y: 0.5, z: [1] } }]), '[{"a":{"x":1,"y":0.5,"z":[1]}}]');
  });

  it('writes typed arrays as their type says', () => {
    const columns = {
      f: Float32Array.of(1, 0.5),
      d: Float64Array.of(1, 2),
      i: Int8Array.of(1, 2),
      u: Uint8Array.of(3, 4),
    };
    assert.equal(json(columns), '[{"f":1.0,"d":1.0,"i":1,"u":3},{"f":0.5,"d":2.0,"i":2,"u":4}]');
    const big = { b: BigInt64Array.of(9007199254740993n, -1n) };
    assert.equal(json(big), '[{"b":9007199254740993},{"b":-1}]');
    assert.equal(
      json([{ embedding: Float32Array.of(1, 2), ids: Uint32Array.of(7) }]),
      '[{"embedding":[1.0,2.0],"ids":[7]}]',
    );
  });

  it('writes the columns declared as floats as such, nested numbers included', () => {
    const rows = [
      { a: 1, b: 1 },
      { a: [2, { x: 3n }], b: 2 },
    ];
    assert.equal(
      recognizeData(rows).toJson((name) => name === 'a'),
      '[{"a":1.0,"b":1},{"a":[2.0,{"x":3.0}],"b":2}]',
    );
  });

  it('writes dates as epoch milliseconds, bytes as their text, and what has toJSON as that says', () => {
    assert.equal(
      json([{ d: new Date(1672533814000), n: new Date(Number.NaN) }]),
      '[{"d":1672533814000,"n":null}]',
    );
    assert.equal(
      json([{ b: new TextEncoder().encode('é"'), c: Buffer.from('\ufeffx') }]),
      '[{"b":"é\\"","c":"\ufeffx"}]',
    );
    assert.equal(json([{ u: new URL('http://a/b') }]), '[{"u":"http://a/b"}]');
  });

  it('holds no lone surrogate, in values or in names', () => {
    assert.equal(json([{ '\ud800': 'x\udc00"', ok: '😀' }]), '[{"\ufffd":"x\ufffd\\"","ok":"😀"}]');
    assert.equal(json([{ '\ud800': 1 }]), '[{"\ufffd":1}]');
    assert.equal(json([{ a: 'x\udc00' }]), '[{"a":"x\ufffd"}]');
  });

  it('names the place of a value that cannot be written', () => {
    failsWith('data_not_serializable', at('a value of type Map is not supported'), rowsWith(new Map()));
    failsWith(
      'data_not_serializable',
      at('a value of type function'),
      rowsWith(() => 1),
    );
    failsWith('data_not_serializable', at('a value of type symbol'), rowsWith({ deep: [Symbol('s')] }));
    failsWith(
      'data_not_serializable',
      at('2 bytes are not valid UTF-8 text'),
      rowsWith(Uint8Array.of(0xc3, 0x28)),
    );
    failsWith(
      'data_not_serializable',
      at('a value of type DataView'),
      rowsWith(new DataView(new ArrayBuffer(1))),
    );
  });

  it('refuses what refers to itself or is nested deeper than the collector takes', () => {
    const loop: unknown[] = [];
    loop.push(loop, loop);
    failsWith('data_not_serializable', /nested more than 498 levels deep/, [{ loop }]);
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    failsWith('data_not_serializable', /refers to itself/, [{ ring }]);
  });

  it('means what the data mean, whatever they are', () => {
    const row = fc.dictionary(columnName, cell, { maxKeys: 5 });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        assert.deepEqual(JSON.parse(json(rows)), expectedRows(rows));
      }),
    );
  });

  it('types all numbers of a column alike', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.double()), { minLength: 1 }), (values) => {
        const body = json({ n: values });
        const kinds = new Set(
          [...body.matchAll(/:(-?[^,}]*)/g)].map(([, n = '']) => (n === 'null' ? undefined : /[.e]/.test(n))),
        );
        kinds.delete(undefined);
        assert.ok(kinds.size <= 1, body);
        assert.equal(
          kinds.has(true),
          kinds.size === 1 && values.some((value) => !Number.isSafeInteger(value)),
        );
      }),
    );
  });
});

/**
 * Not those that end in a backslash: once Node 24.21 has parsed `{"k":0,"\\":0}`, its `JSON.parse` gives the second name of
 * `{"k":0,"\"":0}` as a backslash too.
 */
const columnName = fc.string({ unit: 'binary', maxLength: 3 }).filter((name) => !name.endsWith('\\'));

const cell = fc.letrec((tie) => ({
  cell: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Infinity, 1e300, 5e-324),
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: false }),
    fc.array(tie('cell'), { maxLength: 3 }),
    fc.dictionary(columnName, tie('cell'), { maxKeys: 3 }),
  ),
})).cell;

/** The rows as `JSON.parse` should give them back. */
function expectedRows(rows: readonly Record<string, unknown>[]): unknown[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return rows.map((row) =>
    Object.fromEntries([...names].map((name) => [name.toWellFormed(), expected(own(row, name))])),
  );
}

function own(row: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

function expected(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value === 'string') return value.toWellFormed();
  if (value instanceof Date) return expected(value.getTime());
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.toWellFormed(), expected(member)]),
  );
}
