/** The values of a tensor in the typed form, `InferTensorContents`: read one by one where they lie. */
import protobuf from 'protobufjs/minimal.js';
import type { Reader } from 'protobufjs/minimal.js';

import { bytesText } from './bytes-text.ts';
import type { Values } from './tensor.ts';
import { float32Text, float64Text, int64Text, uint64Text } from './number-text.ts';

/**
 * `undefined`: the data type is unknown or has no typed form (FP16, BF16). `contents` may hold no other field than that of
 * the data type, packed or not. What is not protobuf makes `next` and `isOver` throw.
 */
export function typedValues(datatype: string, contents: Uint8Array): Values | undefined {
  const form = typedForms.get(datatype);
  if (form === undefined) return undefined;
  const { field, wireType, read } = form;
  const reader = protobuf.Reader.create(contents);
  const singleTag = (field << 3) | wireType;
  const packedTag = (field << 3) | lengthDelimited;
  /** Where the values end that were found last: all of a packed field, or a single one. */
  let runEnd = 0;
  let isOdd = false;

  const findMore = (): boolean => {
    while (reader.pos >= runEnd && reader.pos < reader.len && !isOdd) {
      const tag = reader.uint32();
      if (tag === singleTag) {
        const start = reader.pos;
        reader.skipType(wireType);
        runEnd = reader.pos;
        reader.pos = start;
      } else if (tag === packedTag) {
        runEnd = reader.uint32() + reader.pos;
      } else {
        isOdd = true;
      }
    }
    return reader.pos < runEnd && !isOdd;
  };

  return {
    // None takes less than a byte.
    maxCount: contents.length,
    next() {
      if (!findMore()) return undefined;
      const text = read(reader);
      return reader.pos > runEnd ? undefined : text;
    },
    isOver: () => !findMore() && !isOdd,
  };
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

interface TypedForm {
  /** Number of the field in `InferTensorContents`. */
  field: number;
  wireType: number;
  read(reader: Reader): string | undefined;
}

const typedForms: ReadonlyMap<string, TypedForm> = new Map<string, TypedForm>([
  ['BOOL', { field: 1, wireType: varint, read: (reader) => String(reader.bool()) }],
  ['INT8', { field: 2, wireType: varint, read: (reader) => within(reader.int32(), -128, 127) }],
  ['INT16', { field: 2, wireType: varint, read: (reader) => within(reader.int32(), -32_768, 32_767) }],
  ['INT32', { field: 2, wireType: varint, read: (reader) => String(reader.int32()) }],
  ['INT64', { field: 3, wireType: varint, read: readInt64 }],
  ['UINT8', { field: 4, wireType: varint, read: (reader) => within(reader.uint32(), 0, 255) }],
  ['UINT16', { field: 4, wireType: varint, read: (reader) => within(reader.uint32(), 0, 65_535) }],
  ['UINT32', { field: 4, wireType: varint, read: (reader) => String(reader.uint32()) }],
  ['UINT64', { field: 5, wireType: varint, read: readUint64 }],
  ['FP32', { field: 6, wireType: fixed32, read: (reader) => float32Text(reader.float()) }],
  ['FP64', { field: 7, wireType: fixed64, read: (reader) => float64Text(reader.double()) }],
  ['BYTES', { field: 8, wireType: lengthDelimited, read: (reader) => bytesText(reader.bytes()) }],
]);

function within(value: number, min: number, max: number): string | undefined {
  return value >= min && value <= max ? String(value) : undefined;
}

function readInt64(reader: Reader): string {
  const { high, low } = reader.int64();
  return int64Text(high, low);
}

function readUint64(reader: Reader): string {
  const { high, low } = reader.uint64();
  return uint64Text(high, low);
}
