import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { rawValues } from './tensor.ts';

describe('rawValues', () => {
  it('reads every data type of fixed width, little endian', () => {
    const examples: [datatype: string, hex: string, texts: string[]][] = [
      ['BOOL', '0100', ['true', 'false']],
      ['UINT8', '00ff', ['0', '255']],
      ['UINT16', '0102ffff', ['513', '65535']],
      ['UINT32', '01020304ffffffff', ['67305985', '4294967295']],
      ['UINT64', '0100000000002000ffffffffffffffff', ['9007199254740993', '18446744073709551615']],
      ['INT8', '7f80', ['127', '-128']],
      ['INT16', '0080ff7f', ['-32768', '32767']],
      ['INT32', 'ffffffff00000080', ['-1', '-2147483648']],
      ['INT64', 'ffffffffffffffff0000000000000080', ['-1', '-9223372036854775808']],
      [
        'FP16',
        '003c662e01000080ff7b007cff7f',
        ['1.0', '0.099975586', '5.9604645e-8', '-0.0', '65504.0', 'null', 'null'],
      ],
      [
        'BF16',
        '803fcd3d4940800000ff807f',
        ['1.0', '0.100097656', '3.140625', '1.1754944e-38', '-1.7014118e+38', 'null'],
      ],
      ['FP32', 'cdcccc3d0000803f0000c07f', ['0.1', '1.0', 'null']],
      ['FP64', '9a9999999999b93f000000000000f07f', ['0.1', 'null']],
    ];
    for (const [datatype, hex, texts] of examples)
      assert.deepEqual(all(datatype, Buffer.from(hex, 'hex')), texts);
  });

  it('reads BYTES behind their lengths', () => {
    const body = Buffer.from('0200000068690000000001000000ff', 'hex');
    assert.deepEqual(all('BYTES', body), ['"hi"', '""', '{"b64":"/w=="}']);
  });

  it('reads bytes that begin anywhere', () => {
    const body = Buffer.from('aa0102ffff', 'hex').subarray(1);
    assert.deepEqual(all('UINT16', body), ['513', '65535']);
  });

  it('refuses data types it does not know, and bytes that do not fit', () => {
    for (const datatype of ['FP8', 'fp32', '', 'constructor'])
      assert.equal(rawValues(datatype, new Uint8Array(8)), undefined);
    assert.equal(rawValues('INT32', new Uint8Array(7)), undefined);
    assert.equal(rawValues('BOOL', Uint8Array.of(2))?.next(), undefined);
    assert.equal(all('BYTES', Buffer.from('050000006869', 'hex')), undefined);
    assert.equal(rawValues('BYTES', Buffer.from('ffffffff6869', 'hex'))?.next(), undefined);
    assert.equal(all('BYTES', Buffer.from('020000', 'hex')), undefined);
  });

  it('reads FP16 as the platform does', { skip: !('getFloat16' in DataView.prototype) }, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (bits) => {
        const body = Uint8Array.of(bits & 0xff, bits >> 8);
        const view: unknown = new DataView(body.buffer);
        const expected: number = Reflect.apply(Reflect.get(DataView.prototype, 'getFloat16'), view, [
          0,
          true,
        ]);
        const [text] = all('FP16', body) ?? [];
        if (Number.isFinite(expected))
          assert.ok(Object.is(Math.fround(Number(text)), expected), `${bits}: ${text}`);
        else assert.equal(text, 'null');
      }),
      { numRuns: 2_000 },
    );
  });
});

/** `undefined` when any of it is refused. */
function all(datatype: string, bytes: Uint8Array): string[] | undefined {
  const values = rawValues(datatype, bytes);
  if (values === undefined) return undefined;
  const texts: string[] = [];
  for (let text = values.next(); text !== undefined; text = values.next()) texts.push(text);
  assert.ok(texts.length <= values.maxCount);
  return values.isOver() ? texts : undefined;
}
