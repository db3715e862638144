import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';

import { decodeGrpc } from './grpc.ts';
import { float32Text } from './number-text.ts';
import type { Decoded } from './rows.ts';

const unary = '/inference.GRPCInferenceService/ModelInfer';
const stream = '/inference.GRPCInferenceService/ModelStreamInfer';
const unaryRequest = { path: unary, side: 'request', encoding: undefined } as const;
const encode = encoders();

describe('decodeGrpc', () => {
  it('makes rows of a request whose values are typed', async () => {
    const decoded = await decodeRequest({
      modelName: 'iris',
      modelVersion: '3',
      id: 'r-1',
      parameters: { sequence: { int64Param: 7 } },
      inputs: [
        {
          name: 'age',
          datatype: 'INT64',
          shape: [2],
          contents: { int64Contents: ['9007199254740993', '-1'] },
          parameters: { content_type: { stringParam: 'pd' } },
        },
        { name: 'score', datatype: 'FP32', shape: [2, 1], contents: { fp32Contents: [0.1, 3] } },
        { name: 'vector', datatype: 'FP64', shape: [2, 2], contents: { fp64Contents: [1, 2.5, NaN, -1e-7] } },
        { name: 'flag', datatype: 'BOOL', shape: [2], contents: { boolContents: [true, false] } },
        {
          name: 'word',
          datatype: 'BYTES',
          shape: [2],
          contents: { bytesContents: [utf8('née'), Buffer.of(0xff)] },
        },
        { name: 'small', datatype: 'INT8', shape: [2], contents: { intContents: [-128, 127] } },
        {
          name: 'big',
          datatype: 'UINT64',
          shape: [2],
          contents: { uint64Contents: ['18446744073709551615', 0] },
        },
        { name: 'u32', datatype: 'UINT32', shape: [2], contents: { uintContents: [4294967295, 1] } },
      ],
      outputs: [{ name: 'wanted' }],
    });
    assert.equal(
      text(decoded),
      '[{"age":9007199254740993,"score":0.1,"vector":[1.0,2.5],"flag":true,"word":"née","small":-128,' +
        '"big":18446744073709551615,"u32":4294967295},' +
        '{"age":-1,"score":3.0,"vector":[null,-1e-7],"flag":false,"word":{"b64":"/w=="},"small":127,"big":0,"u32":1}]',
    );
    assert.deepEqual(decoded?.model, { modelName: 'iris', modelVersion: '3', id: 'r-1' });
  });

  it('makes rows of a response whose values are raw', async () => {
    const decoded = await decodeGrpc(
      { path: unary, side: 'response', encoding: undefined },
      frame(
        encode.response({
          modelName: 'iris',
          outputs: [
            { name: 'label', datatype: 'BYTES', shape: [2, 1] },
            { name: 'p', datatype: 'FP32', shape: [2, 2] },
          ],
          rawOutputContents: [
            Buffer.from('01000000610100000062', 'hex'),
            Buffer.from(Float32Array.of(0.1, 0.9, 1, 0).buffer),
          ],
        }),
      ),
    );
    assert.equal(text(decoded), '[{"label":"a","p":[0.1,0.9]},{"label":"b","p":[1.0,0.0]}]');
    assert.deepEqual(decoded?.model, { modelName: 'iris', modelVersion: undefined, id: undefined });
  });

  it('inflates what its grpc-encoding says', async () => {
    const message = gzipSync(encode.request({ inputs: [int32('a', [1], [5])] }));
    const decoded = await decodeGrpc({ path: unary, side: 'request', encoding: 'gzip' }, frame(message, 1));
    assert.equal(text(decoded), '[{"a":5}]');
  });

  it('joins the rows of a stream, and says of the model what its messages agree on', async () => {
    const decoded = await decodeGrpc(
      { path: stream, side: 'request', encoding: undefined },
      Buffer.concat([
        frame(encode.request({ modelName: 'm', id: '1', inputs: [int32('a', [2], [1, 2])] })),
        frame(
          encode.request({
            modelName: 'm',
            id: '2',
            modelVersion: '1',
            inputs: [int32('b', [1, 2], [3, 4])],
          }),
        ),
      ]),
    );
    assert.equal(text(decoded), '[{"a":1},{"a":2},{"b":[3,4]}]');
    assert.deepEqual(decoded?.model, { modelName: 'm', modelVersion: '1', id: undefined });
  });

  it('reads the responses of a stream out of their envelopes', async () => {
    const body = Buffer.concat([
      frame(encode.streamResponse({ inferResponse: { modelName: 'm', outputs: [int32('a', [1], [1])] } })),
      frame(
        encode.streamResponse({
          inferResponse: { modelName: 'm', parameters: { triton_final_response: { boolParam: true } } },
        }),
      ),
    ]);
    const decoded = await decodeGrpc({ path: stream, side: 'response', encoding: undefined }, body);
    assert.equal(text(decoded), '[{"a":1}]');
    assert.equal(decoded?.model.modelName, 'm');
    const twice = encode.streamResponse({ inferResponse: { outputs: [int32('a', [1], [1])] } });
    const streamResponse = { path: stream, side: 'response', encoding: undefined } as const;
    assert.equal(text(await decodeGrpc(streamResponse, frame(twice))), '[{"a":1}]');
    assert.equal(await decodeGrpc(streamResponse, frame(Buffer.concat([twice, twice]))), undefined);
    const failed = frame(encode.streamResponse({ errorMessage: 'no such model' }));
    assert.equal(
      await decodeGrpc(
        { path: stream, side: 'response', encoding: undefined },
        Buffer.concat([body, failed]),
      ),
      undefined,
    );
  });

  it('leaves what is not rows as it came', async () => {
    const body = frame(encode.request({ inputs: [int32('a', [1], [1])] }));
    assert.equal(text(await decodeGrpc(unaryRequest, body)), '[{"a":1}]');
    assert.equal(
      await decodeGrpc({ ...unaryRequest, path: '/inference.GRPCInferenceService/ModelMetadata' }, body),
      undefined,
    );
    assert.equal(await decodeGrpc({ ...unaryRequest, path: '/other.Service/ModelInfer' }, body), undefined);
    assert.equal(
      await decodeGrpc(unaryRequest, Buffer.concat([body, body])),
      undefined,
      'two messages of a unary call',
    );
    assert.equal(await decodeGrpc(unaryRequest, Buffer.alloc(0)), undefined, 'no message');
    assert.equal(await decodeGrpc(unaryRequest, body.subarray(0, -1)), undefined, 'cut off');
    assert.equal(await decodeGrpc({ ...unaryRequest, maxRowsBytes: 8 }, body), undefined, 'beyond the limit');
  });

  it('refuses tensors that contradict themselves', async () => {
    const raw = Buffer.alloc(4);
    const bare = { name: 'a', datatype: 'INT32', shape: [1] };
    const refused: Record<string, object> = {
      'raw and typed at once': { inputs: [int32('a', [1], [1])], rawInputContents: [raw] },
      'fewer raw contents than tensors': { inputs: [bare, { ...bare, name: 'b' }], rawInputContents: [raw] },
      'more raw contents than tensors': { inputs: [bare], rawInputContents: [raw, raw] },
      'raw content of another size': { inputs: [bare], rawInputContents: [Buffer.alloc(8)] },
      'no content': { inputs: [bare] },
      'too few values': { inputs: [int32('a', [2], [1])] },
      'too many values': { inputs: [int32('a', [1], [1, 2])] },
      'the field of another data type': { inputs: [{ ...bare, contents: { fp32Contents: [1] } }] },
      'fields of two data types': {
        inputs: [{ ...bare, contents: { intContents: [1], fp32Contents: [1] } }],
      },
      'an unknown data type': { inputs: [{ ...int32('a', [1], [1]), datatype: 'INT128' }] },
      'a short float that is typed': {
        inputs: [{ ...bare, datatype: 'FP16', contents: { fp32Contents: [1] } }],
      },
      'a value beyond INT8': { inputs: [{ ...int32('a', [1], [128]), datatype: 'INT8' }] },
      'a value beyond INT16': { inputs: [{ ...int32('a', [1], [-32769]), datatype: 'INT16' }] },
      'a value beyond UINT8': { inputs: [{ ...bare, datatype: 'UINT8', contents: { uintContents: [256] } }] },
      'a value beyond UINT16': {
        inputs: [{ ...bare, datatype: 'UINT16', contents: { uintContents: [65_536] } }],
      },
      'a negative dimension': { inputs: [int32('a', [-1], [1])] },
      'two negative dimensions': { inputs: [int32('a', [-1, -1], [1])] },
      'a dimension beyond all memory': { inputs: [int32('a', ['9223372036854775807'], [1])] },
      'dimensions whose product overflows': { inputs: [int32('a', ['4294967296', '4294967296'], [1])] },
      'a dimension beyond all memory, and none': { inputs: [int32('a', ['1099511627776', 0], [])] },
      'more dimensions than allowed': {
        inputs: [
          int32(
            'a',
            Array.from({ length: 65 }, () => 1),
            [1],
          ),
        ],
      },
      'names that are one': { inputs: [int32('a', [1], [1]), int32('a', [1], [1])] },
    };
    for (const [what, message] of Object.entries(refused))
      assert.equal(await decodeRequest(message), undefined, what);
    assert.equal(text(await decodeRequest({ inputs: [{ ...bare, shape: [0] }] })), '[]');
  });

  it('refuses messages of more fields or tensors than allowed', async () => {
    const unknown = Buffer.from('7800', 'hex');
    assert.equal(text(await decodeGrpc(unaryRequest, frame(repeated(unknown, 32_768)))), '[]');
    assert.equal(await decodeGrpc(unaryRequest, frame(repeated(unknown, 32_769))), undefined);
    const groups = repeated(Buffer.of(0x0b), 100_000);
    assert.equal(await decodeGrpc(unaryRequest, frame(groups)), undefined, 'groups in groups');
  });

  it('reads repeated values that are not packed', async () => {
    const contents = protobuf.Writer.create();
    for (const value of [7, 0, -2]) contents.uint32(16).int32(value);
    contents.uint32(18).fork().int32(9).int32(300).ldelim();
    contents.uint32(18).fork().ldelim();
    const decoded = await decodeGrpc(unaryRequest, frame(oneTensor([5, 1], contents.finish())));
    assert.equal(text(decoded), '[{"a":7},{"a":0},{"a":-2},{"a":9},{"a":300}]');
  });

  it('refuses contents that are broken or said twice', async () => {
    const refused: Record<string, Uint8Array[]> = {
      'a packed field that ends within a value': [Buffer.from('1202018001', 'hex')],
      'a packed field longer than all': [Buffer.from('12050102', 'hex')],
      'a value without end': [Buffer.from('1201011080', 'hex')],
      'a field that is not known': [Buffer.from('1202010248ff01', 'hex')],
      'contents twice': [Buffer.from('12020102', 'hex'), Buffer.from('12020102', 'hex')],
      'contents in two pieces': [Buffer.from('120101', 'hex'), Buffer.from('120102', 'hex')],
    };
    for (const [what, contents] of Object.entries(refused)) {
      assert.equal(await decodeGrpc(unaryRequest, frame(oneTensor([2], ...contents))), undefined, what);
    }
    assert.equal(
      text(await decodeGrpc(unaryRequest, frame(oneTensor([2], Buffer.from('12020102', 'hex'))))),
      '[{"a":1},{"a":2}]',
    );
  });

  it('gives back the values of any tensors, typed or raw', async () => {
    await fc.assert(
      fc.asyncProperty(batches(), fc.boolean(), async ({ rowCount, columns }, isRaw) => {
        const inputs = columns.map(({ name, kind, rest, values }) => ({
          name,
          datatype: kind.datatype,
          shape: [rowCount, ...rest],
          ...(isRaw ? {} : { contents: { [kind.field]: values } }),
        }));
        const rawInputContents = isRaw
          ? columns.map(({ kind, values }) => Buffer.concat(values.map(kind.toRaw)))
          : [];
        const decoded = await decodeRequest({ inputs, rawInputContents });
        const expected = Array.from({ length: rowCount }, (_, row) =>
          Object.fromEntries(
            columns.map(({ name, kind, rest, values }) => [name, nested(values.map(kind.toText), rest, row)]),
          ),
        );
        const actual: unknown = JSON.parse(text(decoded) ?? 'null', tokens);
        assert.deepEqual(actual, expected);
      }),
      { numRuns: 500 },
    );
  });

  it('never rejects and never makes bad JSON, whatever the bytes', async () => {
    const call = { side: 'request', encoding: 'gzip' } as const;
    const message = encode.request({
      modelName: 'm',
      inputs: [
        int32('a', [2], [1, 2]),
        { name: 'b', datatype: 'BYTES', shape: [2], contents: { bytesContents: [utf8('x'), utf8('y')] } },
      ],
    });
    const mutated = fc
      .array(fc.tuple(fc.nat({ max: message.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        maxLength: 4,
      })
      .map((changes) => {
        const bytes = Uint8Array.from(message);
        for (const [index, byte] of changes) bytes[index] = byte;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated),
        fc.boolean(),
        async (bytes, isFramed) => {
          for (const path of [unary, stream]) {
            const decoded = await decodeGrpc({ ...call, path }, isFramed ? frame(bytes) : bytes);
            if (decoded !== undefined) JSON.parse(String(decoded.rows));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

interface Kind {
  datatype: string;
  /** In `InferTensorContents`. */
  field: string;
  value: fc.Arbitrary<Value>;
  toRaw(value: Value): Buffer;
  toText(value: Value): unknown;
}

type Value = number | bigint | boolean | Buffer | string;

const kinds: readonly Kind[] = [
  {
    datatype: 'BOOL',
    field: 'boolContents',
    value: fc.boolean(),
    toRaw: (value) => Buffer.of(value === true ? 1 : 0),
    toText: String,
  },
  integer('INT8', 'intContents'),
  integer('INT16', 'intContents'),
  integer('INT32', 'intContents'),
  integer('INT64', 'int64Contents'),
  integer('UINT8', 'uintContents'),
  integer('UINT16', 'uintContents'),
  integer('UINT32', 'uintContents'),
  integer('UINT64', 'uint64Contents'),
  {
    datatype: 'FP32',
    field: 'fp32Contents',
    value: fc.float({ noNaN: true, noDefaultInfinity: true }),
    toRaw: (value) => Buffer.from(Float32Array.of(Number(value)).buffer),
    toText: (value) => ({ float: Number(float32Text(Number(value))) }),
  },
  {
    datatype: 'FP64',
    field: 'fp64Contents',
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    toRaw: (value) => Buffer.from(Float64Array.of(Number(value)).buffer),
    toText: (value) => ({ float: Number(value) }),
  },
  {
    datatype: 'BYTES',
    field: 'bytesContents',
    value: fc
      .string({ unit: 'binary', maxLength: 5 })
      .filter((value) => value.isWellFormed())
      .map(utf8),
    toRaw: (value) =>
      Buffer.concat([Buffer.from(Uint32Array.of(bytesOf(value).length).buffer), bytesOf(value)]),
    toText: (value) => ({ text: bytesOf(value).toString() }),
  },
];

function integer(datatype: string, field: string): Kind {
  const bits = Number(/\d+/.exec(datatype)?.[0]);
  const isSigned = datatype.startsWith('I');
  const min = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  return {
    datatype,
    field,
    // As text: what the encoder takes for 64 bits.
    value: fc
      .bigInt({ min, max: min + 2n ** BigInt(bits) - 1n })
      .map((value) => (bits === 64 ? String(value) : Number(value))),
    toRaw: (value) =>
      Buffer.from(BigUint64Array.of(BigInt.asUintN(64, BigInt(String(value)))).buffer, 0, bits / 8),
    toText: String,
  };
}

interface Batch {
  rowCount: number;
  columns: { name: string; kind: Kind; rest: number[]; values: Value[] }[];
}

function batches(): fc.Arbitrary<Batch> {
  return fc.nat({ max: 3 }).chain((rowCount) => {
    const column = fc
      .record({
        name: fc.string({ maxLength: 4 }).filter((name) => name !== '__proto__'),
        kind: fc.constantFrom(...kinds),
        rest: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
      })
      .chain(({ name, kind, rest }) => {
        const length = rest.reduce((product, size) => product * size, rowCount);
        return fc.record({
          name: fc.constant(name),
          kind: fc.constant(kind),
          rest: fc.constant(rest),
          values: fc.array(kind.value, { minLength: length, maxLength: length }),
        });
      });
    const columns = fc.uniqueArray(column, { minLength: 1, maxLength: 4, selector: ({ name }) => name });
    return fc.record({ rowCount: fc.constant(rowCount), columns });
  });
}

/** The values of a row, put together in another way than the decoder does it. */
function nested(values: unknown[], rest: number[], row: number): unknown {
  const perRow = rest.reduce((product, size) => product * size, 1);
  const own = values.slice(row * perRow, (row + 1) * perRow);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === 1)) return own[0];
  const build = ([size = 0, ...inner]: number[]): unknown[] =>
    Array.from({ length: size }, () => (inner.length === 0 ? own.shift() : build(inner)));
  return build(rest);
}

/** Numbers and booleans as the tokens they are, floats and strings marked. */
function tokens(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'number' && source !== undefined && /[.e]/.test(source)) return { float: value };
  return source ?? value;
}

function encoders(): Record<'request' | 'response' | 'streamResponse', (message: object) => Buffer> {
  const { 'inference.GRPCInferenceService': service } = loadSync(
    fileURLToPath(new URL('../../../../../testkit/src/kserve-v2.proto', import.meta.url)),
  );
  assert.ok(service && !('format' in service));
  const { ModelInfer: infer, ModelStreamInfer: streamInfer } = service;
  assert.ok(infer && 'requestSerialize' in infer && streamInfer && 'requestSerialize' in streamInfer);
  return {
    request: infer.requestSerialize,
    response: infer.responseSerialize,
    streamResponse: streamInfer.responseSerialize,
  };
}

function decodeRequest(message: object): Promise<Decoded | undefined> {
  return decodeGrpc(unaryRequest, frame(encode.request(message)));
}

function int32(name: string, shape: (number | string)[], intContents: number[]): object {
  return { name, datatype: 'INT32', shape, contents: { intContents } };
}

function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A request with one INT32 tensor, written field by field. */
function oneTensor(shape: number[], ...contents: Uint8Array[]): Uint8Array {
  const tensor = protobuf.Writer.create().uint32(10).string('a').uint32(18).string('INT32');
  for (const size of shape) tensor.uint32(24).int64(size);
  for (const bytes of contents) tensor.uint32(42).bytes(bytes);
  return protobuf.Writer.create().uint32(42).bytes(tensor.finish()).finish();
}

function repeated(bytes: Buffer, count: number): Buffer {
  return Buffer.alloc(bytes.length * count, bytes);
}

function utf8(value: string): Buffer {
  return Buffer.from(value);
}

function bytesOf(value: Value): Buffer {
  assert.ok(Buffer.isBuffer(value));
  return value;
}

function text(decoded: Decoded | undefined): string | undefined {
  return decoded && String(decoded.rows);
}
