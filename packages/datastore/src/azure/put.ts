import { randomUUID } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { bodyChunks } from '../body.ts';
import type { ObjectBody } from '../datastore.ts';
import { DatastoreError } from '../errors.ts';
import { failed } from '../failures.ts';
import { gather, partsOf } from '../parts.ts';
import { failedCode } from './answer.ts';
import type { BlobCall } from './append.ts';

/** Of a block blob that is put in blocks. */
const maxBlocks = 50_000;

/**
 * Replaces the blob. What fits into one block is sent by one Put Blob, which replaces a blob of any kind; what does not is staged
 * block by block, at most one of them in memory, and committed at the end. Until then, and when the body fails, the old one stays.
 */
export async function putBlob(call: BlobCall, body: ObjectBody, minBlockBytes: number): Promise<void> {
  const blob = call.container.getBlockBlobClient(call.path);
  if (body instanceof Uint8Array) {
    await blob.upload(body, body.byteLength, call.abort);
    return;
  }
  const blockBytes = Math.max(minBlockBytes, Math.ceil(body.byteLength / maxBlocks));
  const source = { byteLength: body.byteLength, chunks: chunksOf(call.path, body) };
  if (body.byteLength > blockBytes) return stage(call, blob, partsOf(source, blockBytes));
  await blob.upload(await gather(source), body.byteLength, call.abort);
}

async function stage(call: BlobCall, blob: BlockBlobClient, blocks: AsyncIterable<Uint8Array>) {
  // Ids of its own: blocks of two puts at the same time rest side by side until one of the lists is committed.
  const put = randomUUID();
  const ids: string[] = [];
  try {
    for await (const block of blocks) {
      const id = Buffer.from(`${put}-${String(ids.length).padStart(5, '0')}`).toString('base64');
      await blob.stageBlock(id, block, block.byteLength, call.abort);
      ids.push(id);
    }
    await blob.commitBlockList(ids, call.abort);
  } catch (error) {
    if (failedCode(error) !== 'InvalidBlobType') throw error;
    const message = `${call.path} grew by appending, and Azure puts nothing as large as this body in its place.`;
    throw new DatastoreError('store_failed', message, {
      fix: 'Delete it first, or choose another path.',
      retryable: false,
    });
  }
}

/** A source that fails says so itself: its errors are not those of the way to Azure. */
async function* chunksOf(path: string, body: ObjectBody): AsyncGenerator<Uint8Array> {
  try {
    yield* bodyChunks(path, body);
  } catch (error) {
    throw failed(path, error);
  }
}
