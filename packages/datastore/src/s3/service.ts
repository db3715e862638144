import type * as Sdk from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import type { ListPage, ListQuery, ObjectService, PartSource } from '../object-service.ts';
import { partBytesFor, partsOf } from '../parts.ts';
import { s3Failure, statusOf } from './failure.ts';
import type { S3Access } from './failure.ts';

/** The service owns the client. */
export function createS3Service(parts: {
  sdk: typeof Sdk;
  client: S3Client;
  access: S3Access;
}): ObjectService {
  const { sdk, client, access } = parts;
  const { bucket: Bucket } = access;

  const list = async (
    { prefix, cursor, maxObjects }: ListQuery,
    abortSignal: AbortSignal,
  ): Promise<ListPage> => {
    const page = await client.send(
      new sdk.ListObjectsV2Command({
        Bucket,
        Prefix: prefix,
        MaxKeys: maxObjects,
        ContinuationToken: cursor,
        // Otherwise one name with a control character makes the answer unreadable.
        EncodingType: 'url',
      }),
      { abortSignal },
    );
    const decode = page.EncodingType === 'url' ? decodeKey : (key: string) => key;
    const objects = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
      path: decode(Key),
      byteLength: Size,
    }));
    return { objects, cursor: page.IsTruncated ? page.NextContinuationToken : undefined };
  };

  return {
    // As the tools of S3 read it (aws s3, Spark, DuckDB): literally, nothing is percent-encoded.
    url: (path) => `s3://${Bucket}/${path}`,

    async length(path, abortSignal) {
      try {
        const head = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: path }), { abortSignal });
        return head.ContentLength ?? 0;
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return undefined;
        // An answer to HEAD has no body that would say why; the same question, asked of the listing, has.
        if (status !== undefined) await list({ prefix: path, cursor: undefined, maxObjects: 1 }, abortSignal);
        throw error;
      }
    },

    async put(path, bytes, abortSignal) {
      const Body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await client.send(new sdk.PutObjectCommand({ Bucket, Key: path, Body }), { abortSignal });
    },

    async putParts(path, source, abortSignal) {
      await putParts(source, { sdk, client, Bucket, Key: path, abortSignal });
    },

    async get(path, { start, end }, abortSignal) {
      const range =
        start > 0 || end !== undefined ? { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` } : {};
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key: path, ...range }), {
          abortSignal,
        });
        return Body === undefined ? 'past-end' : (Body as AsyncIterable<Uint8Array>);
      } catch (error) {
        if (statusOf(error) === 416) return 'past-end';
        throw error;
      }
    },

    list,

    async delete(path, abortSignal) {
      await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: path }), { abortSignal });
      return 'deleted';
    },

    failure: (error, call) => s3Failure(error, call, access),

    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

/** How long cleaning up may take after a failure; what it leaves then, a lifecycle rule of the bucket has to remove. */
const cleanUpTimeoutMs = 10_000;

interface Upload {
  sdk: typeof Sdk;
  client: S3Client;
  Bucket: string;
  Key: string;
  abortSignal: AbortSignal;
}

async function putParts(
  source: PartSource,
  { sdk, client, Bucket, Key, abortSignal }: Upload,
): Promise<void> {
  // Parts with a checksum belong into an upload with one; the client adds it to the former only.
  const isChecked = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  const checksum = isChecked ? { ChecksumAlgorithm: sdk.ChecksumAlgorithm.CRC32 } : {};
  const create = new sdk.CreateMultipartUploadCommand({ Bucket, Key, ...checksum });
  const { UploadId } = await client.send(create, { abortSignal });
  const upload = { Bucket, Key, UploadId };
  try {
    const Parts: CompletedPart[] = [];
    for await (const Body of partsOf(source, partBytesFor(source.byteLength))) {
      const PartNumber = Parts.length + 1;
      const part = new sdk.UploadPartCommand({ ...upload, ...checksum, PartNumber, Body });
      const { ETag, ChecksumCRC32 } = await client.send(part, { abortSignal });
      Parts.push({ PartNumber, ETag, ChecksumCRC32 });
    }
    const complete = new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    await client.send(complete, { abortSignal });
  } catch (error) {
    const cleanUp = { abortSignal: AbortSignal.timeout(cleanUpTimeoutMs) };
    // The first error says more than whatever becomes of this.
    await Promise.allSettled([client.send(new sdk.AbortMultipartUploadCommand(upload), cleanUp)]);
    throw error;
  }
}

/** Names come as in a form: a space as `+`. One that cannot be decoded is none that we could have given. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}
