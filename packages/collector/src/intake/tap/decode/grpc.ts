/** Calls of the Open Inference Protocol (KServe v2) over gRPC, as rows. */
import { splitGrpcMessages } from './grpc-messages.ts';
import { maxDecodedBytes } from './limits.ts';
import { RowWriter } from './rows.ts';
import type { Decoded, ModelIdentity } from './rows.ts';

export interface GrpcCall {
  /** The method: `/inference.GRPCInferenceService/ModelInfer`. */
  path: string;
  side: 'request' | 'response';
  /** `grpc-encoding` of that side. */
  encoding: string | undefined;
  /** Default 32 MiB. */
  maxRowsBytes?: number;
}

/**
 * The rows of all messages of a body, in their order. `undefined` when the body is to be kept as it came: another method, no
 * message at all, or messages that are not rows. Never rejects. `body` must not change until the promise is settled.
 */
export async function decodeGrpc(call: GrpcCall, body: Uint8Array): Promise<Decoded | undefined> {
  const method = methods.get(call.path);
  if (method === undefined) return undefined;
  const messages = await splitGrpcMessages(body, call.encoding);
  if (messages === undefined || messages.length === 0) return undefined;
  if (method === 'unary' && messages.length > 1) return undefined;
  const kind = method === 'stream' && call.side === 'response' ? 'stream response' : call.side;
  const { readInferMessage } = await import('./model-infer.ts');
  const writer = new RowWriter(call.maxRowsBytes ?? maxDecodedBytes);
  const models: ModelIdentity[] = [];
  try {
    for (const bytes of messages) {
      const message = readInferMessage(kind, bytes);
      if (message === undefined || !(await writer.write(message.tensors))) return undefined;
      models.push(message.model);
    }
  } catch {
    // It is not what the protocol says, which the reader of protobuf tells by throwing.
    return undefined;
  }
  const rows = writer.finish();
  return rows && { rows, model: agreedOn(models) };
}

const methods: ReadonlyMap<string, 'unary' | 'stream'> = new Map([
  ['/inference.GRPCInferenceService/ModelInfer', 'unary'],
  ['/inference.GRPCInferenceService/ModelStreamInfer', 'stream'],
]);

function agreedOn(models: readonly ModelIdentity[]): ModelIdentity {
  const only = (key: keyof ModelIdentity): string | undefined => {
    const values = new Set(models.map((model) => model[key]).filter((value) => value !== undefined));
    return values.size === 1 ? [...values][0] : undefined;
  };
  return { modelName: only('modelName'), modelVersion: only('modelVersion'), id: only('id') };
}
