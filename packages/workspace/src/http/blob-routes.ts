/** The default datastore as clients of Azure's blobs write to it: the few operations that `azure-ai-ml` uploads with. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Blobs } from '../artifacts/blobs.ts';
import { isUploadPath, uploadFolder } from '../artifacts/upload.ts';
import type { UploadGrants } from '../artifacts/upload-grant.ts';
import { answerError } from './errors.ts';
import { forAnyone } from './route-access.ts';
import type { ServerContext } from './server.ts';
import { containerRoute } from './storage-address.ts';

export interface BlobContext extends Pick<ServerContext, 'onInternalError'> {
  blobs: Blobs;
  grants: UploadGrants;
}

type Query = Readonly<Record<string, string | undefined>>;

interface Refusal {
  status: number;
  /** A word of Azure's, which its clients compare. */
  code: string;
  message: string;
}

const maxBlockListBytes = 4 * 1024 ** 2;
const metadataPrefix = 'x-ms-meta-';

/** Its own credential, the grant in the query, is checked here. */
export async function blobRoutes(scope: FastifyInstance, context: BlobContext): Promise<void> {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  scope.setErrorHandler((error, { method, url }, reply) => {
    const { status, body } = answerError(error);
    if (status >= 500) context.onInternalError(error, { method, url: url.split('?')[0] ?? '' });
    return refuse(reply, { status, ...body.error });
  });
  const { blobs, grants } = context;
  const options = { bodyLimit: Number.MAX_SAFE_INTEGER, schema: { hide: true }, config: forAnyone };
  scope.route({
    ...options,
    method: ['GET', 'HEAD', 'PUT', 'DELETE'],
    url: `${containerRoute}/*`,
    async handler(request, reply) {
      const { '*': path = '' } = request.params as Record<string, string>;
      const query = request.query as Query;
      if (!(await grants.allows(query, asUpload(path)))) return refuse(reply, forbidden);
      if (request.method === 'HEAD') return sendProperties(reply, await blobs.properties(path));
      if (request.method !== 'PUT' || !isUploadPath(path)) return refuse(reply, unsupported);
      return put(request, { reply, path, blobs });
    },
  });
}

/** Their client looks first where an older one of it would have written: whoever may write here may know that nothing is there. */
function asUpload(path: string): string {
  return path.replace(/^az-ml-artifacts\//, `${uploadFolder}/`);
}

async function put(
  request: FastifyRequest,
  { reply, path, blobs }: { reply: FastifyReply; path: string; blobs: Blobs },
): Promise<FastifyReply> {
  const { comp, blockid } = request.query as Query;
  const body = request.body instanceof Readable ? request.body : Readable.from([]);
  switch (comp) {
    case undefined:
      if (request.headers['x-ms-blob-type'] !== 'BlockBlob') return refuse(reply, unsupported);
      if (request.headers['if-none-match'] === '*' && (await blobs.properties(path)) !== undefined)
        return refuse(reply, exists);
      return receive(body, { request, reply, store: async (checked) => blobs.put(path, checked) });
    case 'block':
      if (blockid === undefined) return refuse(reply, unsupported);
      return receive(body, {
        request,
        reply,
        store: async (checked) => blobs.putBlock(path, { id: blockid, body: checked }),
      });
    case 'blocklist': {
      if (request.headers['if-none-match'] === '*' && (await blobs.properties(path)) !== undefined)
        return refuse(reply, exists);
      const length = Number(request.headers['content-length'] ?? maxBlockListBytes + 1);
      const ids = length > maxBlockListBytes ? [] : blockIds(await text(body));
      if (!(await blobs.commit(path, ids))) return refuse(reply, noSuchBlock);
      return sendStored(reply);
    }
    case 'metadata':
      if ((await blobs.properties(path)) === undefined) return refuse(reply, notFound);
      await blobs.setMetadata(path, metadataOf(request.headers));
      return sendStored(reply, 200);
    default:
      return refuse(reply, unsupported);
  }
}

/** What was damaged on its way is not kept. */
async function receive(
  body: Readable,
  {
    request,
    reply,
    store,
  }: { request: FastifyRequest; reply: FastifyReply; store: (body: Readable) => Promise<void> },
): Promise<FastifyReply> {
  const md5 = request.headers['content-md5'];
  const hash = createHash('md5');
  let isDamaged = false;
  const checked = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
    isDamaged = md5 !== undefined && hash.digest('base64') !== md5;
    if (isDamaged) throw new Error('the body is not what its MD5 says');
  };
  try {
    await store(Readable.from(checked()));
  } catch (error) {
    if (!isDamaged) throw error;
    return refuse(reply, damaged);
  }
  return sendStored(reply);
}

function sendProperties(reply: FastifyReply, found: Awaited<ReturnType<Blobs['properties']>>): FastifyReply {
  if (found === undefined) return refuse(reply, notFound);
  for (const [name, value] of Object.entries(found.metadata)) void reply.header(metadataPrefix + name, value);
  return reply
    .headers({
      'content-length': String(found.bytes),
      'content-type': 'application/octet-stream',
      'last-modified': new Date(found.modifiedMs).toUTCString(),
      etag: `"${found.modifiedMs.toString(36)}"`,
      'x-ms-blob-type': 'BlockBlob',
    })
    .status(200)
    .send();
}

function sendStored(reply: FastifyReply, status = 201): FastifyReply {
  const nowMs = Date.now();
  return reply
    .status(status)
    .headers({ 'last-modified': new Date(nowMs).toUTCString(), etag: `"${nowMs.toString(36)}"` })
    .send();
}

function refuse(reply: FastifyReply, { status, code, message }: Refusal): FastifyReply {
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error>`;
  return reply
    .status(status)
    .headers({ 'x-ms-error-code': code, 'content-type': 'application/xml' })
    .send(xml);
}

function blockIds(xml: string): string[] {
  return [...xml.matchAll(/<(?:Latest|Uncommitted)>([^<]+)<\/(?:Latest|Uncommitted)>/g)].map(
    ([, id = '']) => id,
  );
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(metadataPrefix)) metadata[name.slice(metadataPrefix.length)] = String(value);
  return metadata;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const forbidden: Refusal = {
  status: 403,
  code: 'AuthenticationFailed',
  message:
    'The signature of this address does not let you do that, or it has expired. Begin the upload anew.',
};
const notFound: Refusal = {
  status: 404,
  code: 'BlobNotFound',
  message: 'The specified blob does not exist.',
};
const exists: Refusal = {
  status: 409,
  code: 'BlobAlreadyExists',
  message: 'The specified blob already exists.',
};
const damaged: Refusal = {
  status: 400,
  code: 'Md5Mismatch',
  message: 'The MD5 value of the request is not that of the bytes that came. Send them again.',
};
const noSuchBlock: Refusal = {
  status: 400,
  code: 'InvalidBlockList',
  message: 'The list names a block that is not here. Send the blocks again.',
};
const unsupported: Refusal = {
  status: 501,
  code: 'NotImplemented',
  message:
    'Gleaner takes uploads below LocalUpload here: Put Blob, Put Block, Put Block List, Get Blob Properties and Set Blob Metadata.',
};
