/** Fields that HTTP/2 lets through and `node:http2` refuses to send on: one message fails at most, the collector goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import type { Http2Server } from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { describe, it } from 'node:test';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';

type Field = [name: string, value: string];

interface Frame {
  type: number;
  flags: number;
  id: number;
  payload: Buffer;
}

interface Tapped extends AsyncDisposable {
  system: System;
  port: number;
}

const [dataType, headersType, resetType, settingsType] = [0, 1, 3, 4];
const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_FLAG_END_HEADERS, NGHTTP2_PROTOCOL_ERROR } = constants;
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const settings: Frame = { type: settingsType, flags: 0, id: 0, payload: Buffer.alloc(0) };
const post: Field[] = [
  [':method', 'POST'],
  [':path', '/'],
  [':scheme', 'http'],
  [':authority', 'model'],
];
const ok: Field = [':status', '200'];

async function tap(server: Http2Server | Server): Promise<Tapped> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const system = await startSystem({
    flags: { proxy: `0:${(server.address() as AddressInfo).port}` },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
  });
  return {
    system,
    port: system.collector.proxyPort ?? assert.fail('there is no proxy'),
    async [Symbol.asyncDispose]() {
      await system[Symbol.asyncDispose]();
      server.close();
    },
  };
}

/** Answers with the fields and trailers that it was sent. */
function echo(): Http2Server {
  const server = createServer();
  server.on('stream', (stream, ...[, , fields]) => {
    let trailers: string[] = [];
    stream.on('error', () => undefined);
    stream.on('trailers', (...[, , raw]) => (trailers = raw));
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end(JSON.stringify({ fields, trailers }));
    });
  });
  return server;
}

/** Answers its first request with these blocks of fields, the last of which ends the stream, others with nothing but 200. */
function answering(first: Field[][]): Server {
  let blocks = first;
  return createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(bytesOf(settings));
    onFrames(socket, preface.length, ({ type, id }) => {
      if (type !== headersType) return;
      for (const frame of framesOf(id, blocks)) socket.write(bytesOf(frame));
      blocks = [[ok]];
    });
  });
}

/** Sends one request, its head and perhaps its trailers, and gives the frames of its answer until that is over. */
async function ask(port: number, blocks: Field[][]): Promise<Frame[]> {
  const socket = connectTcp(port, '127.0.0.1');
  const frames: Frame[] = [];
  const over = new Promise<void>((resolve) => {
    onFrames(socket, 0, (frame) => {
      if (frame.id !== 1) return;
      frames.push(frame);
      const isLast = frame.type !== resetType && (frame.flags & NGHTTP2_FLAG_END_STREAM) !== 0;
      if (isLast || frame.type === resetType) resolve();
    });
    socket.on('close', resolve);
  });
  socket.write(preface);
  for (const frame of [settings, ...framesOf(1, blocks)]) socket.write(bytesOf(frame));
  await over;
  socket.destroy();
  return frames;
}

async function echoed(port: number, blocks: Field[][]): Promise<{ fields: string[]; trailers: string[] }> {
  const frames = await ask(port, blocks);
  const body = Buffer.concat(frames.filter(({ type }) => type === dataType).map(({ payload }) => payload));
  return JSON.parse(body.toString()) as { fields: string[]; trailers: string[] };
}

/** What a well-meaning client sees of an answer. */
async function seen(
  port: number,
): Promise<{ informational: string[]; fields: string[]; trailers: string[] }> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/' });
  const all: { informational: string[]; fields: string[]; trailers: string[] } = {
    informational: [],
    fields: [],
    trailers: [],
  };
  stream.on('headers', (...[, , fields]) => (all.informational = fields));
  stream.on('response', (...[, , fields]) => (all.fields = fields));
  stream.on('trailers', (...[, , fields]) => (all.trailers = fields));
  stream.resume();
  await once(stream, 'close');
  session.destroy();
  return all;
}

/** That the collector still answers. */
async function assertServing({ port }: Tapped): Promise<void> {
  assert.deepEqual((await seen(port)).fields.slice(0, 2), ok);
}

async function endings({ system }: Tapped): Promise<unknown[]> {
  await system.finish();
  return (await system.lines('response')).map((line) => (JSON.parse(line) as { ended: unknown }).ended);
}

function framesOf(id: number, blocks: Field[][]): Frame[] {
  return blocks.map((fields, i) => {
    const isLast = i === blocks.length - 1;
    const flags = NGHTTP2_FLAG_END_HEADERS | (isLast ? NGHTTP2_FLAG_END_STREAM : 0);
    return { type: headersType, flags, id, payload: Buffer.concat(fields.map(literal)) };
  });
}

/** A field as HPACK writes it without an index and without a Huffman code. */
function literal([name, value]: Field): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

function bytesOf({ type, flags, id, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function onFrames(socket: Socket, skippedBytes: number, onFrame: (frame: Frame) => void): void {
  let left = skippedBytes;
  let bytes = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk.subarray(Math.min(left, chunk.length))]);
    left -= Math.min(left, chunk.length);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) return;
      const [type = 0, flags = 0] = bytes.subarray(3, 5);
      const frame = { type, flags, id: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) };
      bytes = bytes.subarray(end);
      onFrame(frame);
    }
  });
}

/** Names that a plain object has already, and fields that node does not send. */
const namesOfObjects: Field[] = [
  ['constructor', 'a'],
  ['__proto__', 'b'],
  ['__proto__', 'c'],
];
const te: Field[] = [['te', 'Trailers']];
const h2Settings: Field[] = [
  ['http2-settings', 'AAMAAABk'],
  ['x-kept', '1'],
];
const cases: [what: string, sent: Field[], passed: string[]][] = [
  ['names that every object has', namesOfObjects, namesOfObjects.flat()],
  ['`te` in upper case', te, ['te', 'trailers']],
  ['`te` twice', [...te, ...te], ['te', 'trailers']],
  ['the settings of an upgrade', h2Settings, ['x-kept', '1']],
];

describe('the tap between sides that send what node does not', { concurrency: 2 }, () => {
  for (const [what, sent, passed] of cases) {
    it(`passes a request on: ${what}`, async () => {
      await using tapped = await tap(echo());
      const { fields } = await echoed(tapped.port, [[...post, ...sent]]);
      assert.deepEqual(fields.slice(8, -2), passed);
      await assertServing(tapped);
      assert.deepEqual(await endings(tapped), ['complete', 'complete']);
    });

    it(`passes trailers of a request on: ${what}`, async () => {
      await using tapped = await tap(echo());
      const { trailers } = await echoed(tapped.port, [post, sent]);
      assert.deepEqual(trailers, passed);
      await assertServing(tapped);
    });

    it(`passes an answer on: ${what}`, async () => {
      await using tapped = await tap(answering([[ok, ...sent]]));
      assert.deepEqual((await seen(tapped.port)).fields, [...ok, ...passed]);
      await assertServing(tapped);
    });

    it(`passes what comes before an answer on: ${what}`, async () => {
      await using tapped = await tap(answering([[[':status', '103'], ...sent], [ok]]));
      assert.deepEqual((await seen(tapped.port)).informational, [':status', '103', ...passed]);
      await assertServing(tapped);
    });

    it(`passes trailers of an answer on: ${what}`, async () => {
      await using tapped = await tap(answering([[ok], sent]));
      assert.deepEqual((await seen(tapped.port)).trailers, passed);
      await assertServing(tapped);
    });
  }

  for (const rest of [[], [[['x-sum', '1']]]] as Field[][][])
    it(`resets a stream whose answer has a status that is none, with ${rest.length} trailers`, async () => {
      await using tapped = await tap(answering([[[':status', '799']], ...rest]));
      const frames = await ask(tapped.port, [post]);
      assert.deepEqual(
        frames.map(({ type, payload }) => [type, payload.readUInt32BE(0)]),
        [[resetType, NGHTTP2_PROTOCOL_ERROR]],
      );
      await assertServing(tapped);
      assert.deepEqual(new Set(await endings(tapped)), new Set(['complete', 'failed upstream']));
    });
});
