/** One tensor of a message: what KServe v2 says of it, and its values one after another as JSON text. */
import { bytesText } from './bytes-text.ts';
import { float32Text, float64Text, int64Text, uint64Text } from './number-text.ts';

export interface Tensor {
  name: string;
  shape: readonly number[];
  values: Values;
}

/** The values of a tensor, the last dimension running fastest. */
export interface Values {
  /** There are no more than this: a shape that promises more is refused before any work is done. */
  readonly maxCount: number;
  /** The next one as JSON text; `undefined` when there is none, or when it is not of its type. */
  next(): string | undefined;
  /** Whether all were taken and nothing is left over. */
  isOver(): boolean;
}

/** From the raw form: little endian, without padding. `undefined`: the data type is unknown or does not fit the bytes. */
export function rawValues(datatype: string, bytes: Uint8Array): Values | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (datatype === 'BYTES') return prefixedValues(bytes, view);
  const form = rawForms.get(datatype);
  if (form === undefined || bytes.length % form.width !== 0) return undefined;
  const { width, read } = form;
  let offset = 0;
  return {
    maxCount: bytes.length / width,
    next() {
      if (offset === bytes.length) return undefined;
      const text = read(view, offset);
      offset += width;
      return text;
    },
    isOver: () => offset === bytes.length,
  };
}

/** BYTES: each behind its length in four bytes. */
function prefixedValues(bytes: Uint8Array, view: DataView): Values {
  let offset = 0;
  return {
    maxCount: bytes.length / 4,
    next() {
      if (offset + 4 > bytes.length) return undefined;
      const start = offset + 4;
      const end = start + view.getUint32(offset, true);
      if (end > bytes.length) return undefined;
      offset = end;
      return bytesText(bytes.subarray(start, end));
    },
    isOver: () => offset === bytes.length,
  };
}

interface RawForm {
  width: number;
  read(view: DataView, offset: number): string | undefined;
}

const rawForms: ReadonlyMap<string, RawForm> = new Map<string, RawForm>([
  ['BOOL', { width: 1, read: (view, offset) => booleans[view.getUint8(offset)] }],
  ['UINT8', { width: 1, read: (view, offset) => String(view.getUint8(offset)) }],
  ['UINT16', { width: 2, read: (view, offset) => String(view.getUint16(offset, true)) }],
  ['UINT32', { width: 4, read: (view, offset) => String(view.getUint32(offset, true)) }],
  ['UINT64', { width: 8, read: (view, offset) => uint64Text(...halves(view, offset)) }],
  ['INT8', { width: 1, read: (view, offset) => String(view.getInt8(offset)) }],
  ['INT16', { width: 2, read: (view, offset) => String(view.getInt16(offset, true)) }],
  ['INT32', { width: 4, read: (view, offset) => String(view.getInt32(offset, true)) }],
  ['INT64', { width: 8, read: (view, offset) => int64Text(...halves(view, offset)) }],
  // The short ones are written as the float32 that they are: who reads it as either has the same value.
  ['FP16', { width: 2, read: (view, offset) => float32Text(float16(view.getUint16(offset, true))) }],
  ['BF16', { width: 2, read: (view, offset) => float32Text(brainFloat16(view.getUint16(offset, true))) }],
  ['FP32', { width: 4, read: (view, offset) => float32Text(view.getFloat32(offset, true)) }],
  ['FP64', { width: 8, read: (view, offset) => float64Text(view.getFloat64(offset, true)) }],
]);

const booleans = ['false', 'true'];

function halves(view: DataView, offset: number): [high: number, low: number] {
  return [view.getInt32(offset + 4, true), view.getInt32(offset, true)];
}

function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const oneFloat32 = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function brainFloat16(bits: number): number {
  oneFloat32.setUint16(0, bits);
  return oneFloat32.getFloat32(0);
}
