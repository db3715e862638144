/** gRPC through the tap, with the real client and server of `@grpc/grpc-js`: each call shows what it shows without the tap. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';
import {
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  loadPackageDefinition,
  makeClientConstructor,
  status,
} from '@grpc/grpc-js';
import type {
  Client,
  ClientUnaryCall,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceClientConstructor,
  ServiceDefinition,
  ServiceError,
  UntypedServiceImplementation,
  sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Infer {
  id: string;
  model_name?: string;
  raw_input_contents?: Buffer[];
}

interface Inferred {
  id: string;
  raw_output_contents: Buffer[];
}

interface Step {
  error_message: string;
  infer_response: Inferred;
}

const protoFile = fileURLToPath(new URL('../../../../../testkit/src/kserve-v2.proto', import.meta.url));
const definition = loadPackageDefinition(loadSync(protoFile, { keepCase: true, defaults: true }));
const inference = definition['inference'] as Record<string, ServiceClientConstructor>;
const service: ServiceDefinition = inference['GRPCInferenceService']?.service ?? assert.fail('no service');
const Inference = makeClientConstructor(service, 'inference');

const options = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
};

interface Model extends AsyncDisposable {
  port: number;
  /** What the server noticed of calls that were cancelled. */
  cancelled: string[];
}

function answer({ id, raw_input_contents: contents = [] }: Infer): Inferred {
  return { id, raw_output_contents: contents };
}

async function startModel(): Promise<Model> {
  const server = new Server(options);
  const cancelled: string[] = [];
  const calls: UntypedServiceImplementation = {
    ServerReady: (_: unknown, done: sendUnaryData<unknown>) => done(null, { ready: true }),
    ModelInfer(call: ServerUnaryCall<Infer, Inferred>, done: sendUnaryData<Inferred>) {
      const { id } = call.request;
      const trailers = new Metadata();
      trailers.set('x-cost', '3');
      trailers.set('x-detail-bin', Buffer.from([0, 255, 10]));
      if (id === 'slow' || id === 'cancel') return void call.on('cancelled', () => cancelled.push(id));
      if (id === 'wrong')
        return done({ code: status.INVALID_ARGUMENT, details: 'shape, ümläut: 4×4', metadata: trailers });
      const headers = new Metadata();
      for (const key of ['x-tenant', 'x-twice'])
        for (const value of call.metadata.get(key)) headers.add(key, value);
      call.sendMetadata(headers);
      if (id === 'wrong, later') return done({ code: status.DATA_LOSS, details: 'gone', metadata: trailers });
      done(null, answer(call.request), trailers);
    },
    ModelStreamInfer(call: ServerDuplexStream<Infer, Step>) {
      call.on('data', (request: Infer) => call.write({ error_message: '', infer_response: answer(request) }));
      call.on('end', () => call.end());
    },
    ModelInferParts(call: ServerReadableStream<Infer, Inferred>, done: sendUnaryData<Inferred>) {
      const ids: string[] = [];
      call.on('data', ({ id }: Infer) => ids.push(id));
      call.on('end', () => done(null, { id: ids.join(), raw_output_contents: [] }));
    },
    ModelInferSteps(call: ServerWritableStream<Infer, Step>) {
      call.on('cancelled', () => cancelled.push(call.request.id));
      void (async () => {
        for (let i = 0; i < 4 && !call.cancelled; i++) {
          call.write({ error_message: '', infer_response: { id: String(i), raw_output_contents: [] } });
          await sleep(80);
        }
        if (call.request.id === 'fails') call.emit('error', { code: status.ABORTED, details: 'half way' });
        else call.end();
      })();
    },
  };
  server.addService(service, calls);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
  return {
    port,
    cancelled,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

interface Tapped extends AsyncDisposable {
  model: Model;
  system: System;
  direct: Client;
  through: Client;
  records(collection: 'request' | 'response'): Promise<Record<string, unknown>[]>;
}

async function tap(): Promise<Tapped> {
  const model = await startModel();
  const { system, client } = await tapPort(model.port);
  const direct = clientOf(model.port);
  return {
    model,
    system,
    direct,
    through: client,
    async records(collection) {
      client.close();
      await system.finish();
      return (await system.lines(collection)).map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async [Symbol.asyncDispose]() {
      direct.close();
      client.close();
      await system[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

async function tapPort(modelPort: number): Promise<{ system: System; client: Client }> {
  const system = await startSystem({
    flags: { proxy: `0:${modelPort}` },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
  });
  return { system, client: clientOf(system.collector.proxyPort ?? 0) };
}

function clientOf(port: number): Client {
  return new Inference(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}

interface Method {
  path: string;
  encode(value: unknown): Buffer;
  decode(bytes: Buffer): unknown;
}

function method(name: string): Method {
  const { path, requestSerialize, responseDeserialize } = service[name] ?? assert.fail(name);
  return { path, encode: requestSerialize, decode: responseDeserialize };
}

interface Outcome {
  headers?: unknown;
  value?: unknown;
  code?: number;
  details?: string;
  trailers?: unknown;
}

interface UnaryOptions {
  name?: string;
  metadata?: Metadata;
  deadlineMs?: number;
  onCall?(call: ClientUnaryCall): void;
}

/** Everything that a client learns from a call. */
async function unary(client: Client, request: Infer | object, how: UnaryOptions = {}): Promise<Outcome> {
  const { name = 'ModelInfer', metadata = new Metadata(), deadlineMs, onCall } = how;
  const { path, encode, decode } = method(name);
  const outcome: Outcome = {};
  await new Promise<void>((resolve) => {
    let isAnswered = false;
    const settings = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const argument = [metadata, settings] as const;
    const call = client.makeUnaryRequest(
      path,
      encode,
      decode,
      request,
      ...argument,
      (error: ServiceError | null, value) => {
        if (error === null) outcome.value = value;
        isAnswered = true;
        if (outcome.code !== undefined) resolve();
      },
    );
    call.on('metadata', (headers) => (outcome.headers = plain(headers)));
    call.on('status', (ended) => {
      Object.assign(outcome, { code: ended.code, details: ended.details, trailers: plain(ended.metadata) });
      if (isAnswered) resolve();
    });
    onCall?.(call);
  });
  return outcome;
}

function plain(metadata: Metadata): unknown {
  const { date: _, ...others } = metadata.toHttp2Headers();
  return others;
}

/** Messages with when they came, and how it ended. */
async function steps(
  client: Client,
  request: Infer,
): Promise<Outcome & { ids: string[]; timesMs: number[] }> {
  const { path, encode, decode } = method('ModelInferSteps');
  const call = client.makeServerStreamRequest(path, encode, decode, request);
  const seen: Outcome & { ids: string[]; timesMs: number[] } = { ids: [], timesMs: [] };
  call.on('data', (step: unknown) => {
    seen.ids.push((step as Step).infer_response.id);
    seen.timesMs.push(performance.now());
  });
  call.on('error', () => undefined);
  await new Promise<void>((resolve) =>
    call.on('status', ({ code, details }) => {
      Object.assign(seen, { code, details });
      resolve();
    }),
  );
  return seen;
}

describe('gRPC through the tap', { concurrency: 2 }, () => {
  it('answers single calls as the model server does: values, metadata, errors with details', async () => {
    await using tapped = await tap();
    const metadata = new Metadata();
    metadata.set('x-tenant', 't1');
    metadata.add('x-twice', 'a');
    metadata.add('x-twice', 'b');
    const calls: [Infer | object, UnaryOptions][] = [
      [{}, { name: 'ServerReady' }],
      [{ id: 'one', model_name: 'iris', raw_input_contents: [Buffer.from([1, 0, 255])] }, { metadata }],
      [{ id: 'wrong' }, {}],
      [{ id: 'wrong, later' }, { metadata }],
    ];
    for (const [i, [request, how]] of calls.entries()) {
      (how.metadata ??= new Metadata()).set('x-request-id', `r${i}`);
      const direct = await unary(tapped.direct, request, how);
      assert.deepEqual(await unary(tapped.through, request, how), direct, JSON.stringify(request));
    }
    const sent = (await tapped.records('request')).find((record) => record['correlationid'] === 'r1');
    const answered = await tapped.records('response');
    assert.deepEqual(
      [sent?.['path'], sent?.['method'], sent?.['correlationid'], sent?.['datacontenttype']],
      ['/inference.GRPCInferenceService/ModelInfer', 'POST', 'r1', 'application/grpc'],
    );
    assert.deepEqual(
      answered.map((record) => [record['status'], record['grpcstatus'], record['ended']].join(' ')).sort(),
      ['0', '0', '15', '3'].map((code) => `200 ${code} complete`),
    );
    // The bodies are kept as they were on the wire: a byte, the length, the message.
    const message = Buffer.from(method('ModelInfer').encode(calls[1]?.[0]));
    const frame = Buffer.concat([Buffer.alloc(5), message]);
    frame.writeUInt32BE(message.length, 1);
    assert.deepEqual(await readFile(String(sent?.['data'])), frame);
  });

  it('passes the messages of a stream on as they are sent', async () => {
    await using tapped = await tap();
    const { ids, code, timesMs } = await steps(tapped.through, { id: 'goes well' });
    assert.deepEqual([ids, code], [['0', '1', '2', '3'], status.OK]);
    assert.ok((timesMs[3] ?? 0) - (timesMs[0] ?? 0) > 150, 'the messages come one by one');
    const failed = await steps(tapped.through, { id: 'fails' });
    assert.deepEqual([failed.ids.length, failed.code, failed.details], [4, status.ABORTED, 'half way']);
    const answered = await tapped.records('response');
    assert.deepEqual(
      answered.map((record) => record['grpcstatus']),
      ['0', '10'],
    );
  });

  it('carries a dialogue, and a request in parts', async () => {
    await using tapped = await tap();
    const dialogue = method('ModelStreamInfer');
    const call = tapped.through.makeBidiStreamRequest(dialogue.path, dialogue.encode, dialogue.decode);
    for (const id of ['a', 'b', 'c']) {
      call.write({ id });
      const [step] = (await once(call, 'data')) as [Step];
      assert.equal(step.infer_response.id, id);
    }
    const ended = once(call, 'status') as Promise<[{ code: number }]>;
    call.resume();
    call.end();
    assert.equal((await ended)[0].code, status.OK);

    const { path, encode, decode } = method('ModelInferParts');
    const answer = await new Promise<unknown>((resolve, reject) => {
      const parts = tapped.through.makeClientStreamRequest(path, encode, decode, (error, value) =>
        error === null ? resolve(value) : reject(error),
      );
      for (const id of ['x', 'y', 'z']) parts.write({ id });
      parts.end();
    });
    assert.equal((answer as Inferred).id, 'x,y,z');
  });

  it('tells the model server of deadlines and cancelled calls', async () => {
    await using tapped = await tap();
    const late = await unary(tapped.through, { id: 'slow' }, { deadlineMs: 200 });
    assert.equal(late.code, status.DEADLINE_EXCEEDED);
    const cancelled = await unary(
      tapped.through,
      { id: 'cancel' },
      { onCall: (call) => setTimeout(() => call.cancel(), 100) },
    );
    assert.equal(cancelled.code, status.CANCELLED);
    const { path, encode, decode } = method('ModelInferSteps');
    const stream = tapped.through.makeServerStreamRequest(path, encode, decode, { id: 'stream' });
    stream.on('error', () => undefined);
    await once(stream, 'data');
    stream.cancel();
    while (tapped.model.cancelled.length < 3) await sleep(10);
    assert.deepEqual(tapped.model.cancelled, ['slow', 'cancel', 'stream']);
    const answered = await tapped.records('response');
    assert.deepEqual(
      answered.map((record) => record['ended']),
      Array(3).fill('aborted by client'),
    );
  });

  it('carries messages of twenty megabytes, and many calls at once', async () => {
    await using tapped = await tap();
    const bytes = Buffer.alloc(20 * 2 ** 20, 'abcdefg');
    const large = await unary(tapped.through, { id: 'large', raw_input_contents: [bytes] });
    assert.ok((large.value as Inferred).raw_output_contents[0]?.equals(bytes));
    const small = Buffer.alloc(5000, 'x');
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        unary(tapped.through, { id: String(i), raw_input_contents: [small] }),
      ),
    );
    answers.forEach(({ value }, i) => assert.equal((value as Inferred).id, String(i)));
    const answered = await tapped.records('response');
    assert.equal(answered.length, 301);
    assert.ok(answered.every((record) => record['grpcstatus'] === '0'));
  });

  it('says unavailable, as gRPC does, when nobody is there or the connection breaks', async () => {
    const gone = createTcpServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const { system, client } = await tapPort(port);
    const answer = await unary(client, { id: 'one' });
    client.close();
    await system[Symbol.asyncDispose]();
    assert.equal(answer.code, status.UNAVAILABLE);
    assert.match(answer.details ?? '', /cannot be reached over HTTP\/2 \(ECONNREFUSED\)/);

    await using model = await startModel();
    const sockets: Socket[] = [];
    const relay = createTcpServer((socket) => {
      sockets.push(socket);
      pipeline(socket, connect(model.port, '127.0.0.1'), socket, () => undefined);
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const tapped = await tapPort((relay.address() as AddressInfo).port);
    const [broken] = await Promise.all([
      unary(tapped.client, { id: 'slow' }),
      sleep(200).then(() => sockets.forEach((socket) => socket.destroy())),
    ]);
    tapped.client.close();
    relay.close();
    await tapped.system[Symbol.asyncDispose]();
    assert.equal(broken.code, status.UNAVAILABLE);
  });
});
