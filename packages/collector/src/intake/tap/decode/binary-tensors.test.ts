import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { decodeBinaryTensors } from './binary-tensors.ts';
import type { Decoded } from './rows.ts';

describe('decodeBinaryTensors', () => {
  it('makes rows of the bytes behind the JSON, in the order of its tensors', async () => {
    const body = binaryBody(
      {
        model_name: 'iris',
        model_version: '2',
        id: 'r-1',
        outputs: [
          binary('label', { datatype: 'BYTES', shape: [2], size: 10 }),
          binary('p', { datatype: 'FP32', shape: [2, 2], size: 16 }),
        ],
      },
      Buffer.from('01000000610100000062', 'hex'),
      Buffer.from(Float32Array.of(0.1, 0.9, 1, 0).buffer),
    );
    const decoded = await decode('response', body);
    assert.equal(text(decoded), '[{"label":"a","p":[0.1,0.9]},{"label":"b","p":[1.0,0.0]}]');
    assert.deepEqual(decoded?.model, { modelName: 'iris', modelVersion: '2', id: 'r-1' });
  });

  it('takes the inputs of a request, not the outputs it asks for', async () => {
    const json = {
      inputs: [binary('a', { datatype: 'UINT8', shape: [2, 1], size: 2 })],
      outputs: [{ name: 'b', parameters: { binary_data: true } }],
    };
    const decoded = await decode('request', binaryBody(json, Buffer.of(1, 2)));
    assert.equal(text(decoded), '[{"a":1},{"a":2}]');
    assert.deepEqual(decoded?.model, { modelName: undefined, modelVersion: undefined, id: undefined });
  });

  it('keeps the tokens of values that stand in the JSON part', async () => {
    const json =
      '{"inputs":[{"name":"a","datatype":"FP64","shape":[2,2],"data":[[1.0,1e400],[12345678901234567890, null]]},' +
      '{"name":"b","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},' +
      '{"name":"c","datatype":"BYTES","shape":[2],"data":["\\u00e9\\/","}"]},' +
      '{"name":"d","datatype":"BOOL","shape":[2],"data":[true,false]}]}';
    assert.equal(
      text(await decode('request', binaryBody(json, Buffer.of(7, 8)))),
      '[{"a":[1.0,1e400],"b":7,"c":"\\u00e9\\/","d":true},' +
        '{"a":[12345678901234567890,null],"b":8,"c":"}","d":false}]',
    );
  });

  it('leaves what is JSON throughout as it came', async () => {
    const json = { inputs: [{ name: 'a', datatype: 'INT32', shape: [1], data: [1] }] };
    assert.equal(await decode('request', binaryBody(json)), undefined);
    const empty = { inputs: [binary('a', { datatype: 'INT32', shape: [0], size: 0 })] };
    assert.equal(text(await decode('request', binaryBody(empty))), '[]', 'binary, though there is nothing');
    const { body } = binaryBody(empty);
    assert.equal(await decode('request', { body, headerLength: String(body.length + 1) }), undefined);
  });

  it('refuses a header that does not say where the JSON ends', async () => {
    const { body, headerLength } = binaryBody(
      { inputs: [binary('a', { datatype: 'UINT8', shape: [1], size: 1 })] },
      Buffer.of(1),
    );
    const attempt = (length: string): Promise<Decoded | undefined> =>
      decode('request', { body, headerLength: length });
    assert.equal(text(await attempt(` ${headerLength} `)), '[{"a":1}]');
    for (const length of [
      '',
      '0',
      '-1',
      '1e2',
      '0x40',
      `${headerLength}.0`,
      `${Number(headerLength) - 1}`,
      `${Number(headerLength) + 1}`,
      '99999',
    ]) {
      assert.equal(await attempt(length), undefined, length);
    }
  });

  it('refuses JSON of another form', async () => {
    const tensor = binary('a', { datatype: 'UINT8', shape: [1], size: 1 });
    const refused: unknown[] = [
      [],
      'text',
      null,
      {},
      { inputs: {} },
      { inputs: [null] },
      { inputs: [[]] },
      { inputs: [{ ...tensor, name: 1 }] },
      { inputs: [{ ...tensor, datatype: null }] },
      { inputs: [{ ...tensor, datatype: 'INT128' }] },
      { inputs: [{ ...tensor, shape: 1 }] },
      { inputs: [{ ...tensor, shape: ['1'] }] },
      { inputs: [{ ...tensor, shape: [-1] }] },
      { inputs: [{ ...tensor, shape: [2] }] },
      { inputs: [{ ...tensor, shape: [1e300, 0] }] },
      ...[-1, 0.5, '1', null, 0, 2, 2 ** 53].map((size) => ({
        inputs: [{ ...tensor, parameters: { binary_data_size: size } }],
      })),
      { inputs: [tensor, { name: 'b', datatype: 'UINT8', shape: [1] }] },
      { inputs: [tensor, { name: 'b', datatype: 'UINT8', shape: [1], data: 1 }] },
      { inputs: [tensor, { name: 'b', datatype: 'UINT8', shape: [1], data: [{ text: '1' }] }] },
      { inputs: [tensor, { name: 'b', datatype: 'UINT8', shape: [1], data: [1, 2] }] },
      { inputs: [tensor, { name: 'b', datatype: 'UINT8', shape: [2], data: [1] }] },
      { inputs: [tensor, { name: 'b', datatype: 'OTHER', shape: [1], data: [1] }] },
    ];
    for (const json of refused)
      assert.equal(
        await decode('request', binaryBody(json ?? 'null', Buffer.of(1))),
        undefined,
        JSON.stringify(json),
      );
    const twice = { inputs: [tensor, { ...tensor, name: 'b' }] };
    assert.equal(
      await decode('request', binaryBody(twice, Buffer.of(1))),
      undefined,
      'fewer bytes than announced',
    );
    assert.equal(
      await decode('request', binaryBody(twice, Buffer.of(1, 2, 3))),
      undefined,
      'more bytes than announced',
    );
    assert.equal(await decode('request', binaryBody('{"inputs":[', Buffer.of(1))), undefined, 'not JSON');
    const back = [
      binary('a', { datatype: 'UINT8', shape: [1], size: 3 }),
      binary('b', { datatype: 'UINT8', shape: [1, 0], size: -2 }),
    ];
    assert.equal(
      await decode('request', binaryBody({ inputs: back }, Buffer.of(1))),
      undefined,
      'a step back',
    );
    const halves = [
      binary('a', { datatype: 'UINT8', shape: [1], size: 1.5 }),
      binary('b', { datatype: 'UINT16', shape: [1], size: 1.5 }),
    ];
    assert.equal(
      await decode('request', binaryBody({ inputs: halves }, Buffer.of(1, 2, 3))),
      undefined,
      'half a byte',
    );
  });

  it('refuses JSON nested without end, and JSON that is itself large', async () => {
    assert.equal(text(await decode('request', binaryBody(nestedJson(10)))), '[]');
    for (const depth of [100, 20_000, 500_000])
      assert.equal(await decode('request', binaryBody(nestedJson(depth))), undefined);
    const large = `${' '.repeat(1024 * 1024)}${JSON.stringify({ inputs: [binary('a', { datatype: 'UINT8', shape: [1], size: 1 })] })}`;
    assert.equal(await decode('request', binaryBody(large, Buffer.of(1))), undefined);
  });

  it('never rejects and never makes bad JSON, whatever the bytes', async () => {
    const { body, headerLength } = binaryBody(
      {
        inputs: [
          binary('a', { datatype: 'INT16', shape: [2], size: 4 }),
          { name: 'b', datatype: 'INT8', shape: [2], data: [1, 2] },
        ],
      },
      Buffer.of(1, 2, 3, 4),
    );
    const changes = fc.array(fc.tuple(fc.nat({ max: body.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const bytes = Uint8Array.from(body);
        for (const [index, byte] of list) bytes[index] = byte;
        const decoded = await decode('request', { body: bytes, headerLength });
        if (decoded !== undefined) JSON.parse(String(decoded.rows));
      }),
      { numRuns: 2_000 },
    );
  });
});

interface BinaryBody {
  headerLength: string;
  body: Uint8Array;
}

/** `json` is text, or what becomes it. */
function binaryBody(json: unknown, ...contents: Buffer[]): BinaryBody {
  const header = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return { headerLength: String(header.length), body: Buffer.concat([header, ...contents]) };
}

function nestedJson(depth: number): string {
  return (
    `{"inputs":[{"name":"b","datatype":"UINT8","shape":[0],"parameters":{"binary_data_size":0}},` +
    `{"name":"a","datatype":"UINT8","shape":[0],"data":${'['.repeat(depth)}${']'.repeat(depth)}}]}`
  );
}

function binary(
  name: string,
  { size, ...tensor }: { datatype: string; shape: number[]; size: number },
): object {
  return { name, ...tensor, parameters: { binary_data_size: size } };
}

function decode(
  side: 'request' | 'response',
  { body, headerLength }: BinaryBody,
): Promise<Decoded | undefined> {
  return decodeBinaryTensors({ side, headerLength }, body);
}

function text(decoded: Decoded | undefined): string | undefined {
  return decoded && String(decoded.rows);
}
