/**
 * The binary data extension of the Open Inference Protocol over HTTP: JSON, and behind it the bytes of those tensors that have
 * a `binary_data_size`, in their order.
 */
import { utf8Text } from './bytes-text.ts';
import { maxDecodedBytes, maxDimensions } from './limits.ts';
import { RowWriter } from './rows.ts';
import type { Decoded } from './rows.ts';
import { rawValues } from './tensor.ts';
import type { Tensor, Values } from './tensor.ts';

export interface BinaryTensorsHead {
  side: 'request' | 'response';
  /** Value of `Inference-Header-Content-Length`: the length of the JSON. */
  headerLength: string;
  /** Default 32 MiB. */
  maxRowsBytes?: number;
}

/**
 * The rows of a body. `undefined` when it is to be kept as it came: no tensor is binary (it is JSON then, whose tokens stay),
 * or the tensors are not rows. The tokens of values that stand in the JSON part are kept. Never rejects. `body` must not
 * change until the promise is settled.
 */
export async function decodeBinaryTensors(
  head: BinaryTensorsHead,
  body: Uint8Array,
): Promise<Decoded | undefined> {
  const length = /^\d{1,10}$/.test(head.headerLength.trim()) ? Number(head.headerLength) : 0;
  if (length === 0 || length > Math.min(body.length, maxHeaderBytes)) return undefined;
  const json = utf8Text(body.subarray(0, length));
  const message = json === undefined ? undefined : parseObject(json);
  if (json === undefined || message === undefined) return undefined;
  const key = head.side === 'request' ? 'inputs' : 'outputs';
  const tensors = tensorsOf(message[key], {
    binary: body.subarray(length),
    sourceOf: () => sourcesOf(json, key),
  });
  if (tensors === undefined) return undefined;
  const writer = new RowWriter(head.maxRowsBytes ?? maxDecodedBytes);
  if (!(await writer.write(tensors))) return undefined;
  const rows = writer.finish();
  const { model_name: modelName, model_version: modelVersion, id } = message;
  const model = { modelName: textOf(modelName), modelVersion: textOf(modelVersion), id: textOf(id) };
  return rows && { rows, model };
}

/** The JSON of a message whose values are elsewhere is small. */
const maxHeaderBytes = 1024 * 1024;

interface Contents {
  binary: Uint8Array;
  /** The list of tensors once more, every scalar as the text of its token. */
  sourceOf(): unknown;
}

function tensorsOf(list: unknown, { binary, sourceOf }: Contents): Tensor[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const tensors: Tensor[] = [];
  let sources: unknown;
  let offset = 0;
  let isBinary = false;
  for (const [index, item] of list.entries()) {
    if (!isObject(item) || typeof item['name'] !== 'string' || typeof item['datatype'] !== 'string')
      return undefined;
    const { name, datatype, parameters } = item;
    const shape = shapeOf(item['shape']);
    const size = isObject(parameters) ? parameters['binary_data_size'] : undefined;
    if (size !== undefined && !isSize(size)) return undefined;
    let values = rawValues(datatype, binary.subarray(offset, offset + (size ?? 0)));
    if (size === undefined) {
      sources ??= sourceOf();
      // Its data type must be a known one, too.
      values &&= inlineValues(Array.isArray(sources) ? sources[index] : undefined);
    } else {
      isBinary = true;
      offset += size;
    }
    if (shape === undefined || values === undefined) return undefined;
    tensors.push({ name, shape, values });
  }
  return isBinary && offset === binary.length ? tensors : undefined;
}

/** Values in the JSON part, nested or not, each as the token it is. */
function inlineValues(tensor: unknown): Values | undefined {
  const data = isObject(tensor) ? tensor['data'] : undefined;
  if (!Array.isArray(data)) return undefined;
  const tokens: unknown[] = data.flat(maxDimensions);
  let index = 0;
  return {
    maxCount: tokens.length,
    next() {
      const token = tokens[index++];
      return typeof token === 'string' ? token : undefined;
    },
    isOver: () => index === tokens.length,
  };
}

function sourcesOf(json: string, key: string): unknown {
  return parseObject(json, (_, value, context) => context?.source ?? value)?.[key];
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

function parseObject(json: string, reviver?: Reviver): Record<string, unknown> | undefined {
  try {
    const value: unknown = reviver === undefined ? JSON.parse(json) : JSON.parse(json, reviver);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function shapeOf(shape: unknown): number[] | undefined {
  return Array.isArray(shape) && shape.every((size) => typeof size === 'number') ? shape : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
