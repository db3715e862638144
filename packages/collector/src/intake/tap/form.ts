/** How the body of a tapped message is understood: streams are assembled, tensors become rows, all others stay as they are. */
import type { Extension } from '@gleaner/protocol';

import { createAssembler } from './assemble/assembler.ts';
import type { StreamAssembler } from './assemble/stream-assembler.ts';
import type { Decoded } from './decode/rows.ts';
import type { HeaderFacts } from './exchange.ts';

/** JSON that says what a body says, and the attributes that tell where it is from. */
export interface Understood {
  json: Uint8Array;
  attributes: Extension[];
  /** A stream said itself that it was over. */
  isComplete: boolean;
}

export type BodyForm =
  /** Is fed as the body comes. */
  | { kind: 'stream'; assembler: StreamAssembler }
  /** Is read once it is there. */
  | { kind: 'tensors'; read(body: Uint8Array): Promise<Understood | undefined> };

export interface MessageFacts {
  side: 'request' | 'response';
  target: string;
  headers: HeaderFacts;
}

/** `undefined`: it is kept as it comes. */
export function formOf({ side, target, headers }: MessageFacts): BodyForm | undefined {
  const contentType = headers.get('content-type');
  const assembler = side === 'response' ? createAssembler(contentType) : undefined;
  if (assembler !== undefined) return { kind: 'stream', assembler };
  if (contentType?.startsWith('application/grpc')) {
    const call = { side, path: target, encoding: headers.get('grpc-encoding') };
    return {
      kind: 'tensors',
      async read(body) {
        const { decodeGrpc } = await import('./decode/grpc.ts');
        return understood(await decodeGrpc(call, body));
      },
    };
  }
  const headerLength = headers.get('inference-header-content-length');
  if (headerLength === undefined) return undefined;
  const head = { side, headerLength };
  return {
    kind: 'tensors',
    async read(body) {
      const { decodeBinaryTensors } = await import('./decode/binary-tensors.ts');
      return understood(await decodeBinaryTensors(head, body));
    },
  };
}

/** What a stream said, as far as it came. */
export function assembled(assembler: StreamAssembler): Understood | undefined {
  const whole = assembler.end();
  if (whole === undefined) return undefined;
  const { json, assembler: name, isComplete } = whole;
  return { json, attributes: [['assembler', name]], isComplete };
}

function understood(decoded: Decoded | undefined): Understood | undefined {
  if (decoded === undefined) return undefined;
  const { modelName, modelVersion } = decoded.model;
  const attributes: Extension[] = [['decoder', 'kserve.v2']];
  if (modelName !== undefined) attributes.push(['modelname', modelName]);
  if (modelVersion !== undefined) attributes.push(['modelversion', modelVersion]);
  return { json: decoded.rows, attributes, isComplete: true };
}
