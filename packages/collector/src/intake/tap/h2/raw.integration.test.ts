/** What HTTP/2 carries beside messages passes through the tap as it was sent: seen with raw streams of `node:http2`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { connect, constants, createServer, sensitiveHeaders } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';

interface Tapped extends AsyncDisposable {
  system: System;
  port: number;
  modelPort: number;
  /** A session through the tap. */
  session: ClientHttp2Session;
  /** Sessions of the model server, in the order in which they came. */
  upstream: ServerHttp2Session[];
  records(collection: 'request' | 'response'): Promise<Record<string, unknown>[]>;
}

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

async function tap(answer: OnStream, settings = {}): Promise<Tapped> {
  const server = createServer({ settings, strictSingleValueFields: false });
  const upstream: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    upstream.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, ...[headers, flags]) => {
    stream.on('error', () => undefined);
    answer(stream, headers, flags);
  });
  return tapServer(server, upstream);
}

async function tapServer(server: Http2Server | Server, upstream: ServerHttp2Session[]): Promise<Tapped> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const modelPort = (server.address() as AddressInfo).port;
  const system = await startSystem({
    flags: { proxy: `0:${modelPort}` },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
  });
  const port = system.collector.proxyPort ?? assert.fail('there is no proxy');
  const session = open(port);
  return {
    system,
    port,
    modelPort,
    session,
    upstream,
    async records(collection) {
      session.destroy();
      await system.finish();
      return (await system.lines(collection)).map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await system[Symbol.asyncDispose]();
      for (const one of upstream) one.destroy();
      server.close();
    },
  };
}

function open(port: number): ClientHttp2Session {
  // It sends a field twice, as some clients do; the types do not know the setting.
  const lenient = { strictSingleValueFields: false };
  const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 10, ...lenient });
  return session.on('error', () => undefined);
}

interface Seen {
  informational: unknown[];
  status: unknown;
  headers: Record<string, unknown>;
  body: string;
  trailers: Record<string, unknown> | undefined;
  rstCode: number;
}

async function started(session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  const stream = session.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await once(stream, 'data');
  return stream;
}

/** All that a client sees of the answer to its request. */
async function seen(stream: ClientHttp2Stream): Promise<Seen> {
  const all: Seen = {
    informational: [],
    status: undefined,
    headers: {},
    body: '',
    trailers: undefined,
    rstCode: -1,
  };
  stream.on('headers', (headers) => all.informational.push(plain(headers)));
  stream.on('response', (headers) => {
    all.headers = plain(headers);
    all.status = headers[':status'];
  });
  stream.on('trailers', (trailers) => void (all.trailers = plain(trailers)));
  stream.setEncoding('latin1').on('data', (text: string) => void (all.body += text));
  stream.on('error', () => undefined);
  if (!stream.closed || !stream.destroyed) await new Promise((resolve) => stream.once('close', resolve));
  all.rstCode = stream.rstCode ?? -1;
  return all;
}

function plain(headers: IncomingHttpHeaders): Record<string, unknown> {
  return { ...headers, date: undefined };
}

/** The preface comes byte by byte. */
async function* bytewise(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = 24;
  for await (const chunk of chunks) {
    const alone = Math.min(left, chunk.length);
    left -= alone;
    for (let i = 0; i < alone; i++) {
      yield chunk.subarray(i, i + 1);
      await sleep(2);
    }
    yield chunk.subarray(alone);
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(stream)).toString('latin1');
}

const all: OnStream = (stream, headers, flags) => {
  const id = headers['x-request-id'];
  const isBodiless = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  let trailers: unknown;
  stream.on('trailers', (fields) => (trailers = { ...fields }));
  switch (headers[':path'] ?? '') {
    case '/trailers':
      stream.respond({ ':status': 201, 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '6', 'x-many': ['a', 'b'] }));
      void textOf(stream).then((body) => stream.end(`${body} ${JSON.stringify(trailers)}`));
      return;
    case '/early':
      stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' });
      stream.additionalHeaders({ ':status': 100 });
      stream.respond({ ':status': 200 });
      return void stream.end('late');
    case '/only-head':
      return stream.respond({ ':status': 204, 'x-odd': 'ä' }, { endStream: true });
    case '/head':
      return stream.respond({ ':status': 200, 'content-length': '9' }, { endStream: true });
    case '/echo-head': {
      const { [sensitiveHeaders]: secrets } = headers as Record<symbol, unknown>;
      stream.respond({ ':status': 200 });
      return void stream.end(JSON.stringify({ ...headers, isBodiless, secrets, 'x-request-id': id === 'r' }));
    }
    case '/answers-before-the-request-is-over':
      stream.respond({ ':status': 413 }, { waitForTrailers: true });
      stream.end('too large');
      return void stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'x-why': 'size' });
        setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
      });
    case '/refuses-before-the-request-is-over':
      stream.respond({ ':status': 401 }, { endStream: true });
      return stream.close(constants.NGHTTP2_NO_ERROR);
    case '/resets-after-data':
      // Otherwise node ends the stream before it resets it.
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      return void stream.write('some', () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
    default:
      return stream.close(Number(headers['x-code']));
  }
};

describe('the tap between sides that speak HTTP/2', { concurrency: 2 }, () => {
  it('shows a client what it would see without the tap', async () => {
    await using tapped = await tap(all);
    const direct = open(tapped.modelPort);
    const requests: [OutgoingHttpHeaders, ((stream: ClientHttp2Stream) => void)?][] = [
      [
        { ':method': 'POST', ':path': '/trailers' },
        (stream) => {
          stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': '1' }));
          stream.end('body');
        },
      ],
      [{ ':path': '/early' }],
      [{ ':path': '/only-head' }],
      [{ ':path': '/head', ':method': 'HEAD' }],
      [{ ':path': '/echo-head', 'x-twice': ['1', '2'], cookie: ['a=1', 'b=2'], te: 'trailers' }],
      [{ ':path': '/echo-head', authorization: 'secret', [sensitiveHeaders]: ['authorization'] }],
      [{ ':path': '/echo-head', ':method': 'POST' }, (stream) => stream.end()],
      [
        { ':path': '/answers-before-the-request-is-over', ':method': 'POST' },
        (stream) => stream.write('some'),
      ],
      [
        { ':path': '/refuses-before-the-request-is-over', ':method': 'POST' },
        (stream) => stream.write('some'),
      ],
      [{ ':path': '/resets-after-data' }],
      ...[2, 7, 8, 11, 13].map((code): [OutgoingHttpHeaders] => [{ 'x-code': String(code) }]),
    ];
    for (const [headers, send] of requests) {
      const fields = { 'x-request-id': 'r', ':authority': 'model', ...headers };
      const [without, through] = await Promise.all(
        [direct, tapped.session].map((session) => {
          const stream = session.request(fields, {
            endStream: send === undefined,
            waitForTrailers: headers[':path'] === '/trailers',
          });
          send?.(stream);
          return seen(stream);
        }),
      );
      assert.deepEqual(through, without, JSON.stringify(headers));
    }
    direct.destroy();
    const answered = await tapped.records('response');
    assert.equal(answered.length, requests.length);
    assert.equal(answered.filter((record) => record['ended'] === 'failed upstream').length, 6);
    assert.equal(answered.filter((record) => record['ended'] === 'complete').length, requests.length - 6);
  });

  it('gives a request without an id one, and keeps both sides under it', async () => {
    await using tapped = await tap((stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end(JSON.stringify({ id: headers['x-request-id'] }));
    });
    const stream = tapped.session.request({
      ':path': '/score?a=1',
      ':method': 'POST',
      'content-type': 'application/json',
    });
    stream.end('{"rows":[1.0]}');
    const { id } = JSON.parse((await seen(stream)).body) as { id: string };
    assert.match(id, /^[0-9a-f-]{36}$/);
    const [sent] = await tapped.records('request');
    const [answered] = await tapped.records('response');
    assert.deepEqual(
      [sent?.['correlationid'], sent?.['path'], sent?.['method'], sent?.['data']],
      [id, '/score?a=1', 'POST', { rows: [1] }],
    );
    assert.deepEqual(
      [answered?.['correlationid'], answered?.['status'], answered?.['ended'], answered?.['data']],
      [id, '200', 'complete', { id }],
    );
  });

  it('tells the model server of a client that resets, or goes away', async () => {
    const codes: (number | undefined)[] = [];
    const closed = Promise.withResolvers<undefined>();
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('some');
      stream.on('close', () => {
        codes.push(stream.rstCode);
        if (codes.length === 3) closed.resolve(undefined);
      });
    });
    for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_ENHANCE_YOUR_CALM])
      (await started(tapped.session)).close(code);
    const other = open(tapped.port);
    await started(other);
    other.destroy();
    await closed.promise;
    assert.deepEqual(
      new Set(codes.slice(0, 2)),
      new Set([constants.NGHTTP2_CANCEL, constants.NGHTTP2_ENHANCE_YOUR_CALM]),
    );
    assert.equal(codes[2], constants.NGHTTP2_CANCEL);
    const answered = await tapped.records('response');
    assert.deepEqual(
      answered.map((record) => record['ended']),
      Array(3).fill('aborted by client'),
    );
  });

  it('goes by the number of streams that the model server takes', async () => {
    let [open, most] = [0, 0];
    const counted: OnStream = (stream) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        stream.respond({ ':status': 200 });
        stream.end('done');
      }, 20);
    };
    await using tapped = await tap(counted, { maxConcurrentStreams: 7 });
    await once(tapped.session, 'remoteSettings');
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => seen(tapped.session.request({ ':path': '/' }))),
    );
    assert.ok(answers.every(({ body }) => body === 'done'));
    assert.equal(tapped.session.remoteSettings.maxConcurrentStreams, 7);
    assert.ok(most <= 7, `${most} at once`);
  });

  it('lets what is under way come to its end when the model server says goodbye, and takes nothing new', async () => {
    await using tapped = await tap((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.write('one ');
      if (headers[':path'] === '/first') setTimeout(() => stream.end('two'), 200);
      else stream.end();
    });
    const first = tapped.session.request({ ':path': '/first' });
    const whole = seen(first);
    await once(first, 'data');
    tapped.upstream[0]?.close();
    await once(tapped.session, 'goaway');
    assert.equal((await whole).body, 'one two');
    await once(tapped.session, 'close');
    const again = open(tapped.port);
    assert.equal((await seen(again.request({ ':path': '/second' }))).body, 'one ');
    again.destroy();
  });

  it('passes the reason on with which the model server drops a connection', async () => {
    await using tapped = await tap((stream) => {
      const { session } = stream;
      session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
    });
    const goaway = once(tapped.session, 'goaway') as Promise<[number, number, Buffer]>;
    const stream = tapped.session.request({ ':path': '/' });
    const [all, [code, , data]] = await Promise.all([seen(stream), goaway]);
    assert.deepEqual([code, data.toString()], [constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too_many_pings']);
    assert.equal(all.status, undefined);
  });

  it('ends the connection of its client when that to the model server breaks', async () => {
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('some');
    });
    const stream = tapped.session.request({ ':path': '/' });
    const all = seen(stream);
    await once(stream, 'data');
    const closed = once(tapped.session, 'close');
    tapped.upstream[0]?.socket.destroy();
    await closed;
    assert.equal((await all).body, 'some');
    const [answered] = await tapped.records('response');
    assert.equal(answered?.['ended'], 'failed upstream');
  });

  for (const how of ['destroy', 'resetAndDestroy'] as const)
    it(`gives a slow client all of an answer whose connection is gone already: ${how}`, async () => {
      const body = Buffer.alloc(120_000, 'x');
      const sockets: Socket[] = [];
      const gone = Promise.withResolvers<undefined>();
      const server = createServer((_, response) => {
        response.on('close', () => {
          sockets[1]?.[how]();
          gone.resolve(undefined);
        });
        response.end(body);
      });
      server.on('connection', (socket: Socket) => sockets.push(socket));
      server.on('sessionError', () => undefined);
      await using tapped = await tapServer(server, []);
      await once(tapped.session, 'remoteSettings');
      const slow = connect(`http://127.0.0.1:${tapped.port}`, { settings: { initialWindowSize: 1000 } });
      const stream = slow.request({ ':path': '/' });
      stream.pause();
      await gone.promise;
      await sleep(50);
      assert.equal((await textOf(stream as AsyncIterable<Buffer>)).length, body.length);
      slow.destroy();
      const [answered] = await tapped.records('response');
      assert.equal(answered?.['ended'], 'complete');
    });

  it('gives a slow client what came before a reset', async () => {
    const body = Buffer.alloc(60_000, 'x');
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write(body, () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
    });
    const slow = connect(`http://127.0.0.1:${tapped.port}`, { settings: { initialWindowSize: 1000 } });
    const answer = await seen(slow.request({ ':path': '/' }));
    slow.destroy();
    assert.equal(answer.body.length, body.length);
    assert.equal(answer.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('says that nobody is there, and that somebody does not speak HTTP/2', async () => {
    const deaf = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await using tapped = await tapServer(deaf, []);
    const answers = [await seen(tapped.session.request({ ':path': '/' }))];
    deaf.close();
    await sleep(20);
    const other = open(tapped.port);
    const posted = other.request({ ':path': '/', ':method': 'POST' });
    posted.end('body');
    answers.push(await seen(posted));
    other.destroy();
    for (const answer of answers) {
      assert.equal(answer.status, 502);
      assert.match(answer.body, /^The model server cannot be reached over HTTP\/2 \(\w+\)\.\n$/);
    }
    const answered = await tapped.records('response');
    assert.deepEqual(
      answered.map((record) => [record['ended'], record['status']]),
      [
        ['failed upstream', undefined],
        ['failed upstream', undefined],
      ],
    );
  });

  it('carries a hundred megabytes both ways', async () => {
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const stream = tapped.session.request({ ':path': '/', ':method': 'POST' });
    const megabyte = Buffer.alloc(2 ** 20, 'x');
    const sending = (async () => {
      for (let i = 0; i < 100; i++) if (!stream.write(megabyte)) await once(stream, 'drain');
      stream.end();
    })();
    let received = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) received += chunk.length;
    await sending;
    assert.equal(received, 100 * 2 ** 20);
    for (const collection of ['request', 'response'] as const) {
      const [record] = await tapped.records(collection);
      assert.equal(record?.['contentrange'], `bytes 0-${100 * 2 ** 20 - 1}/${100 * 2 ** 20}`);
    }
  });

  it('holds a model server back whose client is slow', async () => {
    let sent = 0;
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 });
      const piece = Buffer.alloc(64 * 1024);
      const send = (): void => {
        while (sent < 100 * 2 ** 20 && !stream.destroyed) {
          sent += piece.length;
          if (!stream.write(piece)) return void stream.once('drain', send);
        }
        stream.end();
      };
      send();
    });
    const stream = tapped.session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await once(stream, 'data');
    stream.pause();
    await sleep(500);
    const held = sent;
    assert.ok(held < 4 * 2 ** 20, `${held} bytes were taken`);
    await sleep(200);
    assert.equal(sent, held);
    stream.resume();
    await once(stream, 'end');
    assert.equal(sent, 100 * 2 ** 20);
  });

  it('tells HTTP/2 by a preface that comes byte by byte', async () => {
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('two');
    });
    const [near, far] = duplexPair();
    const socket = connectTcp({ port: tapped.port, host: '127.0.0.1', noDelay: true });
    socket.pipe(far);
    void pipeline(far, bytewise, socket).catch(() => undefined);
    const session = connect('http://model', { createConnection: () => near });
    session.on('error', () => undefined);
    assert.equal((await seen(session.request({ ':path': '/' }))).body, 'two');
    session.destroy();
  });

  it('passes HTTP/1.1 on from the same port, however much its first bytes look like the other', async () => {
    const server = createHttp1Server((request, response) => response.end(`one ${request.method}`));
    await using tapped = await tapServer(server, []);
    assert.equal((await seen(tapped.session.request({ ':path': '/' }))).status, 502);
    const socket = connectTcp({ port: tapped.port, host: '127.0.0.1', noDelay: true });
    for (const piece of ['P', 'R', 'OPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']) {
      socket.write(piece);
      await sleep(10);
    }
    assert.match(await textOf(socket as AsyncIterable<Buffer>), /\r\n\r\none PROPFIND$/);
  });

  it('refuses a tunnel for another protocol', async () => {
    await using tapped = await tap(all);
    await seen(tapped.session.request({ ':path': '/only-head' }));
    assert.equal(tapped.session.remoteSettings.enableConnectProtocol ?? false, false);
    const stream = tapped.session.request({ ':method': 'CONNECT', ':path': '/', ':protocol': 'websocket' });
    const answer = await seen(stream);
    assert.equal(answer.status, undefined);
    assert.notEqual(answer.rstCode, constants.NGHTTP2_NO_ERROR);
  });

  it('lets streams end when the collector closes, and tells its clients to go elsewhere', async () => {
    await using tapped = await tap((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.write('[1,');
      setTimeout(() => stream.end('2]'), 300);
    });
    const stream = tapped.session.request({ ':path': '/' });
    const whole = seen(stream);
    await once(stream, 'data');
    const goaway = once(tapped.session, 'goaway');
    const finished = tapped.system.finish();
    await goaway;
    assert.equal((await whole).body, '[1,2]');
    await finished;
    const [line = ''] = await tapped.system.lines('response');
    assert.match(line, /"ended":"complete"/);
  });
});
