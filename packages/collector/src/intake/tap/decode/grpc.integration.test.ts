/** Bodies as gRPC's own client and server put them on the wire. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, Server, ServerCredentials, compressionAlgorithms, credentials } from '@grpc/grpc-js';
import type { sendUnaryData } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { decodeGrpc } from './grpc.ts';

const path = '/inference.GRPCInferenceService/ModelInfer';
const method = modelInfer();

describe('decodeGrpc, of what grpc-js sends', () => {
  for (const [name, algorithm] of Object.entries(compressionAlgorithms)) {
    if (typeof algorithm !== 'number') continue;
    it(`reads request and response, ${name}`, async () => {
      const words = Array.from({ length: 500 }, (_, index) => `word ${index % 7}`);
      const request = {
        modelName: 'm',
        inputs: [
          {
            name: 'word',
            datatype: 'BYTES',
            shape: [500, 1],
            contents: { bytesContents: words.map((word) => Buffer.from(word)) },
          },
        ],
      };
      const response = {
        modelName: 'm',
        modelVersion: '1',
        outputs: [{ name: 'score', datatype: 'FP32', shape: [2] }],
        rawOutputContents: [Buffer.from(Float32Array.of(0.1, 2).buffer)],
      };
      const [sent, answered] = await Promise.all([
        capturedRequest(request, algorithm),
        capturedResponse(response),
      ]);
      const encoding = { identity: undefined, deflate: 'deflate', gzip: 'gzip' }[name];
      assert.equal(sent.encoding === 'identity' ? undefined : sent.encoding, encoding);
      const decoded = await decodeGrpc({ path, side: 'request', encoding: sent.encoding }, sent.body);
      assert.equal(String(decoded?.rows), JSON.stringify(words.map((word) => ({ word }))));
      const output = await decodeGrpc({ path, side: 'response', encoding: answered.encoding }, answered.body);
      assert.equal(String(output?.rows), '[{"score":0.1},{"score":2.0}]');
      assert.deepEqual(output?.model, { modelName: 'm', modelVersion: '1', id: undefined });
    });
  }
});

interface Captured {
  body: Buffer;
  encoding: string | undefined;
}

/** What a client of grpc-js sends to a server that knows no gRPC. */
async function capturedRequest(message: object, algorithm: number): Promise<Captured> {
  const captured = Promise.withResolvers<Captured>();
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      captured.resolve({
        body: Buffer.concat(chunks),
        encoding: String(headers['grpc-encoding'] ?? 'identity'),
      });
      stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': algorithm,
  });
  await new Promise<void>((resolve) => {
    client.makeUnaryRequest(path, method.requestSerialize, method.responseDeserialize, message, () =>
      resolve(),
    );
  });
  client.close();
  await new Promise((resolve) => server.close(resolve));
  return captured.promise;
}

/** What a server of grpc-js answers to a client that knows no gRPC. */
async function capturedResponse(message: object): Promise<Captured> {
  const server = new Server();
  server.addService(
    { modelInfer: method },
    { modelInfer: (_: unknown, answer: sendUnaryData<object>) => answer(null, message) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-accept-encoding': 'identity',
  });
  stream.end(Buffer.alloc(5));
  let encoding: string | undefined;
  stream.on('response', (headers) => (encoding = headers['grpc-encoding']?.toString()));
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  session.close();
  server.forceShutdown();
  return { body: Buffer.concat(chunks), encoding };
}

function modelInfer() {
  const { 'inference.GRPCInferenceService': service } = loadSync(
    fileURLToPath(new URL('../../../../../testkit/src/kserve-v2.proto', import.meta.url)),
  );
  assert.ok(service && !('format' in service));
  const { ModelInfer: definition } = service;
  assert.ok(definition && 'requestSerialize' in definition);
  return definition;
}
