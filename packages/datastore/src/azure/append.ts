import type { AppendBlobClient, ContainerClient } from '@azure/storage-blob';
import type { Wait } from '../abort.ts';
import { DatastoreError } from '../errors.ts';
import { conflict } from '../failures.ts';
import { failedCode, isMissingBlob } from './answer.ts';
import { closed } from './failure.ts';

/** One call on one object: its path, and how long it may take. */
export interface BlobCall {
  container: ContainerClient;
  path: string;
  wait: Wait;
  /** The same signal, as the SDK takes it. */
  abort: { abortSignal?: AbortSignal };
}

export interface AppendLimits {
  /** What one block carries, in bytes. */
  maxBlockBytes: number;
  /** Blocks of an append blob. */
  maxBlocks: number;
}

export interface Appends {
  append(call: BlobCall, piece: { offset: number; bytes: Uint8Array }): Promise<void>;
  /** The object was replaced, sealed or removed. */
  forget(path: string): void;
}

const maxKnown = 4096;

/**
 * Growing by append blobs. Every block says at which position it belongs, so that of two writers one gets in. What the service
 * has told of an object's end and its count of blocks is remembered, so that an append is one request.
 */
export function createAppends({ maxBlockBytes, maxBlocks }: AppendLimits): Appends {
  const known = new Map<string, { length: number; blocks: number }>();
  return {
    async append(call, { offset, bytes }) {
      const { path } = call;
      const blob = call.container.getAppendBlobClient(path);
      const end = known.get(path);
      const blocks =
        end?.length === offset && offset > 0 && bytes.byteLength > 0
          ? end.blocks
          : await begin(call, blob, offset);
      const needed = Math.ceil(bytes.byteLength / maxBlockBytes);
      if (blocks + needed > maxBlocks) throw closed(path, `it has ${blocks} of at most ${maxBlocks} blocks`);
      let count = blocks;
      for (let done = 0; done < bytes.byteLength; done += maxBlockBytes) {
        const block = bytes.subarray(done, done + maxBlockBytes);
        const answer = await appendBlock({ call, blob, appliedBytes: done }, block, offset + done);
        count = answer.blobCommittedBlockCount ?? count + 1;
      }
      if (known.size >= maxKnown) known.clear();
      known.set(path, { length: offset + bytes.byteLength, blocks: count });
    },
    forget: (path) => void known.delete(path),
  };
}

interface Growing {
  call: BlobCall;
  blob: AppendBlobClient;
  /** Of the bytes of this call. */
  appliedBytes: number;
}

/** Makes the blob when it begins at 0, and gives the number of its blocks. */
async function begin(call: BlobCall, blob: AppendBlobClient, offset: number): Promise<number> {
  if (offset === 0) {
    try {
      await blob.create({ ...call.abort, conditions: { ifNoneMatch: '*' } });
      return 0;
    } catch (error) {
      if (!existsCodes.has(failedCode(error) ?? '')) throw error;
    }
  }
  return blocksAt(call, blob, offset);
}

/** The number of blocks of a blob that is `offset` long and can grow. */
async function blocksAt(call: BlobCall, blob: AppendBlobClient, offset: number): Promise<number> {
  const found = await blob.getProperties(call.abort).catch((error: unknown) => {
    if (isMissingBlob(error)) return undefined;
    throw error;
  });
  const actual = found?.contentLength ?? 0;
  if (found === undefined || actual !== offset) throw conflict(call.path, { actual, offset });
  if (found.blobType !== 'AppendBlob') throw closed(call.path, notAppendBlob);
  return found.blobCommittedBlockCount ?? 0;
}

async function appendBlock(growing: Growing, block: Uint8Array, position: number) {
  const { call, blob, appliedBytes } = growing;
  try {
    return await blob.appendBlock(block, block.byteLength, {
      ...call.abort,
      conditions: { appendPosition: position },
    });
  } catch (error) {
    const code = failedCode(error);
    if (code === 'AppendPositionConditionNotMet' || isMissingBlob(error)) {
      await blocksAt(call, blob, position);
    }
    if (appliedBytes > 0 && endCodes.has(code ?? '')) {
      const message = `${call.path} took ${appliedBytes} bytes of a piece and then no more (${code}).`;
      throw new DatastoreError('store_failed', message, { fix: 'Ask for the length and go on from there.' });
    }
    if (code === 'InvalidBlobType') throw closed(call.path, notAppendBlob);
    throw error;
  }
}

const notAppendBlob = 'it was put as a whole (it is no append blob)';
const existsCodes: ReadonlySet<string> = new Set([
  'BlobAlreadyExists',
  'PathAlreadyExists',
  'ResourceAlreadyExists',
  'ConditionNotMet',
]);
const endCodes: ReadonlySet<string> = new Set(['BlobIsSealed', 'BlockCountExceedsLimit', 'InvalidBlobType']);
