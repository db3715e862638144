/**
 * ModelInferRequest, ModelInferResponse and ModelStreamInferResponse (KServe v2), read where they lie: nothing is
 * built that a hostile message could make large. This file brings protobufjs along; it is imported when a call is decoded.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Reader } from 'protobufjs/minimal.js';

import { utf8Text } from './bytes-text.ts';
import { maxDimensions, maxTensors } from './limits.ts';
import type { ModelIdentity } from './rows.ts';
import { rawValues } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { typedValues } from './typed-values.ts';

export type MessageKind = 'request' | 'response' | 'stream response';

export interface InferMessage {
  model: ModelIdentity;
  tensors: readonly Tensor[];
}

/**
 * `undefined`: its tensors cannot be read, or it is an error of a stream. Throws on what is not protobuf, as the tensors'
 * values may do. They are views of `message`.
 */
export function readInferMessage(kind: MessageKind, message: Uint8Array): InferMessage | undefined {
  if (kind !== 'stream response') return readMessage(kind, message);
  let response: Uint8Array | undefined;
  let isOdd = false;
  readFields(message, (tag, reader) => {
    if (tag === 10) isOdd ||= reader.bytes().length > 0;
    else if (tag === 18) {
      isOdd ||= response !== undefined;
      response = reader.bytes();
    } else return false;
    return true;
  });
  return isOdd ? undefined : readMessage('response', response ?? new Uint8Array());
}

function readMessage(kind: 'request' | 'response', message: Uint8Array): InferMessage | undefined {
  const tensors: TensorFields[] = [];
  const raw: Uint8Array[] = [];
  const identity = { modelName: emptyBytes, modelVersion: emptyBytes, id: emptyBytes };
  const rawTag = kind === 'request' ? 58 : 50;
  readFields(message, (tag, reader) => {
    if (tag === 10) identity.modelName = reader.bytes();
    else if (tag === 18) identity.modelVersion = reader.bytes();
    else if (tag === 26) identity.id = reader.bytes();
    else if (tag === 42) tensors.push(readTensor(reader.bytes()));
    else if (tag === rawTag) raw.push(reader.bytes());
    else return false;
    return true;
  });
  if (raw.length > 0 && raw.length !== tensors.length) return undefined;
  const read: Tensor[] = [];
  for (const [index, fields] of tensors.entries()) {
    const tensor = toTensor(fields, raw[index]);
    if (tensor === undefined) return undefined;
    read.push(tensor);
  }
  return {
    model: {
      modelName: textOf(identity.modelName),
      modelVersion: textOf(identity.modelVersion),
      id: textOf(identity.id),
    },
    tensors: read,
  };
}

interface TensorFields {
  name: Uint8Array;
  datatype: Uint8Array;
  shape: number[];
  contents: Uint8Array | undefined;
}

function readTensor(bytes: Uint8Array): TensorFields {
  const fields: TensorFields = { name: emptyBytes, datatype: emptyBytes, shape: [], contents: undefined };
  readFields(bytes, (tag, reader) => {
    if (tag === 10) fields.name = reader.bytes();
    else if (tag === 18) fields.datatype = reader.bytes();
    else if (tag === 24) addDimension(fields.shape, reader);
    else if (tag === 26) {
      const packed = protobuf.Reader.create(reader.bytes());
      while (packed.pos < packed.len) addDimension(fields.shape, packed);
    } else if (tag === 42 && fields.contents === undefined) fields.contents = reader.bytes();
    else if (tag === 42) throw new RangeError('A tensor has its contents twice.');
    else return false;
    return true;
  });
  return fields;
}

function addDimension(shape: number[], reader: Reader): void {
  if (shape.length === maxDimensions)
    throw new RangeError(`A tensor has more than ${maxDimensions} dimensions.`);
  const { high, low } = reader.int64();
  shape.push(high * 2 ** 32 + (low >>> 0));
}

function toTensor(fields: TensorFields, raw: Uint8Array | undefined): Tensor | undefined {
  const { contents, shape } = fields;
  const name = utf8Text(fields.name);
  const datatype = utf8Text(fields.datatype) ?? '';
  if (name === undefined || (raw !== undefined && contents !== undefined && contents.length > 0))
    return undefined;
  const values = raw === undefined ? typedValues(datatype, contents ?? emptyBytes) : rawValues(datatype, raw);
  return values && { name, shape, values };
}

/** Calls `take` with the tag of each field (number × 8 + wire type); those that it leaves are skipped. */
function readFields(bytes: Uint8Array, take: (tag: number, reader: Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  for (let count = 0; reader.pos < reader.len; count++) {
    if (count === maxFields) throw new RangeError(`A message has more than ${maxFields} fields.`);
    const tag = reader.uint32();
    if (!take(tag, reader)) reader.skipType(tag & 7, 0, tag >>> 3);
  }
}

/** A tensor of a message has two, its description and its content. */
const maxFields = 2 * maxTensors;

const emptyBytes: Uint8Array = new Uint8Array();

function textOf(bytes: Uint8Array): string | undefined {
  return (bytes.length > 0 && utf8Text(bytes)) || undefined;
}
