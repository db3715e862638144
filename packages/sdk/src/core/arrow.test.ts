import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as arrow from 'apache-arrow';

import { recognizeData } from './data.ts';

const json = (data: unknown, floats = (_name: string) => false) => recognizeData(data).toJson(floats);
const column = (vector: arrow.Vector) => json(new arrow.Table({ c: vector }));
const bigints = (type: arrow.DataType, ...values: bigint[]) =>
  arrow.makeVector({ type: type as arrow.TimestampNanosecond, data: BigInt64Array.from(values) });
/** A 128-bit integer. */
const limbs = (low: number, rest: number) => Uint32Array.of(low, rest, rest, rest);

const wide = (...words: number[]) =>
  arrow.makeVector({ type: new arrow.Decimal(2, 40, 256), data: Uint32Array.from(words) });

describe('an Arrow table', () => {
  it('is collected with its column types', () => {
    const table = arrow.tableFromArrays({
      i: Int32Array.of(1, 2),
      f: Float64Array.of(1, 2.5),
      big: BigInt64Array.of(9007199254740993n, -1n),
      s: ['a"', 'é'],
    });
    assert.equal(recognizeData(table).collectDataType, 'apache-arrow.Table');
    assert.equal(
      json(table),
      '[{"i":1,"f":1.0,"big":9007199254740993,"s":"a\\""},{"i":2,"f":2.5,"big":-1,"s":"é"}]',
    );
    assert.equal(json(table, (name) => name === 'i').slice(0, 12), '[{"i":1.0,"f');
    assert.equal(json(table.batches[0]), json(table));
  });

  it('has null where a value is missing', () => {
    assert.equal(column(arrow.vectorFromArray([1.5, null], new arrow.Float32())), '[{"c":1.5},{"c":null}]');
    assert.equal(column(arrow.vectorFromArray([null, true], new arrow.Bool())), '[{"c":null},{"c":true}]');
  });

  it('is an empty list without rows', () => {
    assert.equal(column(arrow.vectorFromArray([], new arrow.Int32())), '[]');
  });

  it('has whole milliseconds for times of every unit', () => {
    const date = new Date(1672533814123);
    const milliseconds = '[{"c":1672533814123}]';
    assert.equal(column(arrow.vectorFromArray([date], new arrow.DateMillisecond())), milliseconds);
    assert.equal(column(arrow.vectorFromArray([date], new arrow.TimestampMicrosecond())), milliseconds);
    assert.equal(column(bigints(new arrow.TimestampNanosecond(), 1672533814123456789n)), milliseconds);
    assert.equal(column(bigints(new arrow.DurationSecond(), 3n)), '[{"c":3000}]');
    assert.equal(column(bigints(new arrow.DurationMillisecond(), -7n)), '[{"c":-7}]');
    assert.equal(column(bigints(new arrow.DurationNanosecond(), 86401500000000n)), '[{"c":86401500}]');
  });

  it('has all digits of a decimal', () => {
    const decimals = [limbs(110, 0), limbs(0xffff_ff92, 0xffff_ffff), limbs(5, 0)];
    const type = new arrow.Decimal(2, 10, 128);
    assert.equal(column(arrow.vectorFromArray(decimals, type)), '[{"c":1.10},{"c":-1.10},{"c":0.05}]');
    assert.equal(column(arrow.vectorFromArray([limbs(7, 0)], new arrow.Decimal(0, 10, 128))), '[{"c":7}]');
    assert.equal(column(arrow.vectorFromArray([limbs(7, 0)], new arrow.Decimal(-2, 10, 128))), '[{"c":700}]');
    const [one, minus] = [wide(1, 0, 0, 0, 0, 0, 0, 1), wide(0x9c, ...Array(7).fill(0xffff_ffff))];
    assert.equal(column(one), `[{"c":${(2n ** 224n + 1n) / 100n}.${(2n ** 224n + 1n) % 100n}}]`);
    assert.match(column(minus), /^\[\{"c":-42949671\.40\}\]$/);
  });

  it('has all digits of 64-bit integers, alone, in lists and in dictionaries', () => {
    const most = arrow.makeVector({ type: new arrow.Uint64(), data: BigUint64Array.of(2n ** 64n - 1n) });
    assert.equal(column(most), '[{"c":18446744073709551615}]');
    const item = new arrow.Field('item', new arrow.Int64());
    const list = new arrow.List(new arrow.Field('list', new arrow.List(item)));
    const lists = arrow.vectorFromArray([[[9007199254740993n, null], []], null], list);
    assert.equal(column(lists), '[{"c":[[9007199254740993,null],[]]},{"c":null}]');
    const dictionary = new arrow.Dictionary(new arrow.Int64(), new arrow.Int32());
    const words = arrow.vectorFromArray([9007199254740993n, null, 9007199254740993n], dictionary);
    assert.equal(column(words), '[{"c":9007199254740993},{"c":null},{"c":9007199254740993}]');
  });

  it('is the same after a journey as IPC, in batches, sliced and selected', () => {
    const table = arrow.tableFromArrays({ a: Float64Array.of(1, 2), s: ['x', 'y'] });
    const received = arrow.tableFromIPC(arrow.tableToIPC(table.concat(table)));
    assert.equal(received.batches.length, 2);
    assert.equal(json(received.slice(1, 3)), '[{"a":2.0,"s":"y"},{"a":1.0,"s":"x"}]');
    assert.equal(json(received.select(['s'])), '[{"s":"x"},{"s":"y"},{"s":"x"},{"s":"y"}]');
  });

  it('has nested values with their types', () => {
    const number = new arrow.Field('x', new arrow.Float64());
    const struct = new arrow.Struct([number, new arrow.Field('n', new arrow.Int32())]);
    const rows = arrow.vectorFromArray([{ x: 1, n: 2 }, null], struct);
    assert.equal(column(rows), '[{"c":{"x":1.0,"n":2}},{"c":null}]');
    const lists = arrow.vectorFromArray([[1, null], null, []], new arrow.List(number));
    assert.equal(column(lists), '[{"c":[1.0,null]},{"c":null},{"c":[]}]');
    const text = new arrow.Field('key', new arrow.Utf8());
    const entries = new arrow.Struct<{ key: arrow.Utf8; value: arrow.Int32 }>([
      text,
      new arrow.Field('value', new arrow.Int32()),
    ]);
    const map = new arrow.Map_(new arrow.Field('entries', entries));
    assert.equal(column(arrow.vectorFromArray([new Map([['a', 1]])], map)), '[{"c":{"a":1}}]');
  });

  it('has the values of a dictionary, and the text of bytes', () => {
    const words = arrow.vectorFromArray(['red', 'green', 'red']);
    assert.ok(arrow.DataType.isDictionary(words.type));
    assert.equal(column(words), '[{"c":"red"},{"c":"green"},{"c":"red"}]');
    assert.equal(
      column(arrow.vectorFromArray([Uint8Array.of(0xc3, 0xa9)], new arrow.Binary())),
      '[{"c":"é"}]',
    );
  });

  it('is refused when two columns have one name', () => {
    const fields = [new arrow.Field('a', new arrow.Int32()), new arrow.Field('a', new arrow.Int32())];
    const data = fields.map(({ type }) => arrow.makeData({ type, length: 1, data: Int32Array.of(1) }));
    const schema = new arrow.Schema(fields);
    const struct = arrow.makeData({ type: new arrow.Struct(fields), length: 1, children: data });
    const batch = new arrow.RecordBatch(schema, struct);
    assert.throws(() => json(batch), {
      code: 'data_type_unsupported',
      message: 'two columns are called "a"',
    });
  });
});
