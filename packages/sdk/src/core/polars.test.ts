import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { recognizeData } from './data.ts';

const json = (data: unknown, floats = (_name: string) => false) => recognizeData(data).toJson(floats);
const type = (variant: string, ...inner: unknown[]) => ({
  variant,
  inner: inner.length === 0 ? null : inner,
});

/**
 * A DataFrame as nodejs-polars 0.26.1 makes it (116 MB, so it is no dependency of the tests): a Proxy over a plain object whose
 * own keys are the columns; everything else is behind `get`. Like the real one, it rounds the signed integers of `records`.
 */
function dataFrame(dtypes: Record<string, unknown>, records: readonly Record<string, unknown>[]): object {
  const columns = Object.keys(dtypes);
  const rounded = (value: unknown, name: string): unknown =>
    typeof value === 'bigint' && dtypes[name] === int64 ? Number(value) : value;
  const members: Record<string | symbol, unknown> = {
    columns,
    dtypes: Object.values(dtypes),
    toRecords: () =>
      records.map((record) =>
        Object.fromEntries(Object.entries(record).map(([name, value]) => [name, rounded(value, name)])),
      ),
    getColumn: (name: string) => ({
      reinterpret: (isSigned: boolean) => ({
        toArray: () =>
          records.map(({ [name]: value }) =>
            typeof value === 'bigint' && !isSigned ? BigInt.asUintN(64, value) : value,
          ),
      }),
    }),
    [Symbol.toStringTag]: 'DataFrame',
  };
  return new Proxy(
    {},
    {
      get: (_target, name) => members[name],
      has: (_target, name) => columns.includes(String(name)),
      ownKeys: () => columns,
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
    },
  );
}
const int64 = type('Int64');

describe('a Polars DataFrame', () => {
  it('is collected with its column types', () => {
    const types = {
      f: type('Float64'),
      i: int64,
      s: type('String'),
      b: type('Bool'),
      d: type('Datetime', 'ms', ''),
    };
    const frame = dataFrame(types, [
      { f: 1, i: 1, s: 'x', b: true, d: new Date(0) },
      { f: 2.5, i: 2, s: null, b: null, d: null },
    ]);
    assert.equal(recognizeData(frame).collectDataType, 'polars.DataFrame');
    assert.equal(
      json(frame),
      '[{"f":1.0,"i":1,"s":"x","b":true,"d":0},{"f":2.5,"i":2,"s":null,"b":null,"d":null}]',
    );
    assert.match(
      json(frame, (name) => name === 'i'),
      /"i":1\.0/,
    );
  });

  it('has all digits of 64-bit integers', () => {
    const records = [
      { i: 9007199254740993n, u: 18446744073709551615n },
      { i: null, u: null },
      { i: -9223372036854775808n, u: 1n },
    ];
    const [first, ...rest] = records.map(({ i, u }) => `{"i":${i},"u":${u}}`);
    assert.equal(json(dataFrame({ i: int64, u: type('UInt64') }, records)), `[${first},${rest.join(',')}]`);
  });

  it('has nested values with their types', () => {
    const struct = type(
      'Struct',
      { name: 'x', dtype: type('Float64') },
      { name: 'n', dtype: type('UInt64') },
    );
    const frame = dataFrame({ l: type('List', type('Float32')), s: struct }, [
      { l: [1, 2.5], s: { x: 3, n: 4n } },
      { l: null, s: { x: null, n: 5n } },
    ]);
    assert.equal(json(frame), '[{"l":[1.0,2.5],"s":{"x":3.0,"n":4}},{"l":null,"s":{"x":null,"n":5}}]');
  });
});
