import type { ListPage, ListQuery, ObjectService, PartSource } from '../object-service.ts';
import { partBytesFor, partsOf } from '../parts.ts';
import { gcsFailure, statusOf } from './failure.ts';
import type { GcsAccess } from './failure.ts';
import type { GcsRequests } from './requests.ts';

/** The JSON API of Google Cloud Storage. The service owns the connections. */
export function createGcsService(
  requests: GcsRequests,
  about: GcsAccess & { project: string | undefined },
): ObjectService {
  const { bucket, project } = about;
  const objects = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const objectAt = (path: string) => `${objects}/${encodeURIComponent(path)}`;
  const query = (values: Record<string, string>) =>
    `?${new URLSearchParams({ ...values, ...(project !== undefined && { userProject: project }) }).toString()}`;
  const uploadAt = (path: string, uploadType: string) =>
    `/upload${objects}${query({ uploadType, name: path, fields: 'size' })}`;

  return {
    // As the tools of Google read it (gcloud storage, Spark, BigQuery): literally, nothing is percent-encoded.
    url: (path) => `gs://${bucket}/${path}`,

    async length(path, signal) {
      try {
        const { data } = await requests.send({ path: objectAt(path) + query({ fields: 'size' }), signal });
        return Number((data as { size?: string }).size ?? 0);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },

    async put(path, bytes, signal) {
      await requests.send({ method: 'POST', path: uploadAt(path, 'media'), body: bytes, signal });
    },

    async putParts(path, source, signal) {
      await putParts(source, { requests, path: uploadAt(path, 'resumable'), signal });
    },

    async get(path, { start, end }, signal) {
      const range =
        start > 0 || end !== undefined ? { range: `bytes=${start}-${end === undefined ? '' : end - 1}` } : {};
      const at = objectAt(path) + query({ alt: 'media' });
      try {
        const { data } = await requests.send({ path: at, headers: range, isStreamed: true, signal });
        return data as AsyncIterable<Uint8Array>;
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return 'missing';
        if (status === 416) return 'past-end';
        throw error;
      }
    },

    async list({ prefix, cursor, maxObjects }: ListQuery, signal): Promise<ListPage> {
      const page = cursor === undefined ? {} : { pageToken: cursor };
      const fields = 'items(name,size),nextPageToken';
      const path = objects + query({ prefix, maxResults: String(maxObjects), fields, ...page });
      const { data } = await requests.send({ path, signal });
      const { items = [], nextPageToken } = data as {
        items?: { name: string; size: string }[];
        nextPageToken?: string;
      };
      return {
        objects: items.map(({ name, size }) => ({ path: name, byteLength: Number(size) })),
        cursor: nextPageToken || undefined,
      };
    },

    async delete(path, signal) {
      try {
        await requests.send({ method: 'DELETE', path: objectAt(path) + query({}), signal });
        return 'deleted';
      } catch (error) {
        if (statusOf(error) === 404) return 'missing';
        throw error;
      }
    },

    failure: (error, call) => gcsFailure(error, call, about),

    async [Symbol.asyncDispose]() {
      requests.close();
    },
  };
}

/** How long cleaning up may take after a failure; what it leaves then, Google removes after a week. */
const cleanUpTimeoutMs = 10_000;

/** The object appears with the last part. https://cloud.google.com/storage/docs/performing-resumable-uploads */
async function putParts(
  source: PartSource,
  { requests, path, signal }: { requests: GcsRequests; path: string; signal: AbortSignal },
): Promise<void> {
  const declared = { 'x-upload-content-length': String(source.byteLength) };
  const begun = await requests.send({ method: 'POST', path, headers: declared, signal });
  const session = begun.headers.get('location');
  if (session === null) throw new Error('the upload was begun, and has no address');
  try {
    let sent = 0;
    for await (const part of partsOf(source, partBytesFor(source.byteLength))) {
      const range = `bytes ${sent}-${sent + part.byteLength - 1}/${source.byteLength}`;
      sent += part.byteLength;
      const kept = await requests
        .send({ method: 'PUT', path: session, headers: { 'content-range': range }, body: part, signal })
        .then(({ status, headers }) => (status === 308 ? keptBytes(headers) : source.byteLength));
      // Less is rare, and putting the object again is simpler than going back.
      if (kept !== sent) throw new Error(`the upload has kept ${kept} bytes of ${sent}`);
    }
  } catch (error) {
    // The first error says more than whatever becomes of this (a session that is cancelled answers 499).
    const cancelled = requests.send({
      method: 'DELETE',
      path: session,
      signal: AbortSignal.timeout(cleanUpTimeoutMs),
    });
    await Promise.allSettled([cancelled]);
    // Not found, but neither the bucket nor the object is meant.
    const isGone = statusOf(error) === 404 || statusOf(error) === 410;
    throw isGone ? new Error('the upload was ended by the service before it was whole') : error;
  }
}

/** `bytes=0-8388607`; nothing is kept when there is no such header. */
function keptBytes(headers: Headers): number {
  return Number(headers.get('range')?.split('-')[1] ?? -1) + 1;
}
