/** What passes through the tap, and what becomes of it. The model server is a real one, on a port of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { loadConfig, openCollector } from '@gleaner/collector';
import { linesBelow, startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';
import { pino } from 'pino';

interface Tapped extends AsyncDisposable {
  system: System;
  /** Of the proxy. */
  url: string;
  port: number;
  /** Port of the model server itself. */
  modelPort: number;
  /** Ends the collector and gives the records of both collections. */
  records(): Promise<{ request: RecordText[]; response: RecordText[] }>;
}

type RecordText = Record<string, unknown>;

async function tap(
  answer: RequestListener,
  collections: Record<string, { enabled: string; sampling_rate?: number }> = {},
): Promise<Tapped> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return tapServer(server, collections);
}

async function tapServer(
  server: Server | ReturnType<typeof createTcpServer>,
  collections: Record<string, { enabled: string; sampling_rate?: number }> = {},
): Promise<Tapped> {
  const modelPort = (server.address() as AddressInfo).port;
  const system = await startSystem({
    flags: { proxy: `0:${modelPort}` },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' }, ...collections },
  });
  const port = system.collector.proxyPort ?? assert.fail('there is no proxy');
  return {
    system,
    url: `http://127.0.0.1:${port}`,
    port,
    modelPort,
    async records() {
      await system.finish();
      const [requests, responses] = await Promise.all([system.lines('request'), system.lines('response')]);
      return { request: parsed(requests), response: parsed(responses) };
    },
    async [Symbol.asyncDispose]() {
      await system[Symbol.asyncDispose]();
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    },
  };
}

function parsed(lines: readonly string[]): RecordText[] {
  return lines.map((line) => JSON.parse(line) as RecordText);
}

function idsOf(records: readonly RecordText[]): string[] {
  return records.map((record) => String(record['correlationid'])).sort();
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(message as AsyncIterable<Buffer>));
}

/** All that a connection answers to these bytes, until it is closed. */
async function exchange(port: number, pieces: readonly (string | number)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.on('error', () => undefined);
  for (const piece of pieces) {
    if (typeof piece === 'number') await sleep(piece);
    else socket.write(piece, 'latin1');
  }
  await Promise.race([once(socket, 'close'), once(socket, 'end')]);
  socket.destroy();
  return Buffer.concat(received).toString('latin1');
}

const echo: RequestListener = (message, response) => {
  void bodyOf(message).then((body) => {
    response.writeHead(200, { 'content-type': 'application/json', date: 'x' });
    response.end(JSON.stringify({ id: message.headers['x-request-id'], got: body.toString() }));
  });
};

describe('the tap', { concurrency: 2 }, () => {
  it('keeps both sides of a request under the id that it gives the model server', async () => {
    await using tapped = await tap(echo);
    const body = '{ "data": [1.0, 2] }';
    const answer = await fetch(`${tapped.url}/score?size=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { id, got } = (await answer.json()) as { id: string; got: string };
    assert.equal(got, body);
    const {
      request: [sent],
      response: [answered],
    } = await tapped.records();
    assert.match(id, /^[0-9a-f-]{36}$/);
    for (const record of [sent, answered]) {
      assert.equal(record?.['correlationid'], id);
      assert.equal(record['xrequestid'], id);
    }
    assert.deepEqual([sent?.['method'], sent?.['path']], ['POST', '/score?size=1']);
    assert.deepEqual(sent?.['data'], { data: [1, 2] });
    assert.equal(sent?.['contentrange'], `bytes 0-${body.length - 1}/${body.length}`);
    assert.equal(sent?.['type'], 'azureml.inference.request');
    assert.equal(answered?.['status'], '200');
    assert.equal(answered['ended'], 'complete');
    assert.match(String(answered['durationms']), /^\d+$/);
    assert.deepEqual(answered['data'], { id, got });
  });

  it('leaves the id of a client as it is, and samples by it', async () => {
    const half = { enabled: 'true', sampling_rate: 0.5 };
    await using tapped = await tap(echo, { request: half, response: half });
    for (let i = 0; i < 60; i++) {
      const answer = await fetch(tapped.url, { headers: { 'x-request-id': `r${i}` } });
      assert.equal(((await answer.json()) as { id: string }).id, `r${i}`);
    }
    const { request: sent, response: answered } = await tapped.records();
    assert.deepEqual(idsOf(sent), idsOf(answered));
    assert.ok(sent.length > 10 && sent.length < 50, `${sent.length} of 60`);
  });

  it('passes on what a server sends as it is sent: pipelines, chunks, trailers, HEAD, 100-continue, errors', async () => {
    await using tapped = await tap((message, response) => {
      void bodyOf(message).then((body) => {
        response.sendDate = false;
        if (message.url === '/chunks') {
          response.writeHead(200, { trailer: 'x-sum', 'content-type': 'text/plain' });
          response.write('one');
          response.write('two');
          response.addTrailers({ 'x-sum': '6' });
          response.end();
        } else if (message.url === '/broken') {
          response.writeHead(500, { 'content-type': 'application/json' });
          response.end('{"error": 1}');
        } else response.end(`${message.method} ${body.toString()}`);
      });
    });
    const id = 'x-request-id: a\r\n';
    const conversations: (string | number)[][] = [
      [`GET /1 HTTP/1.1\r\nHost: x\r\n${id}\r\nGET /2 HTTP/1.1\r\nHost: x\r\n${id}Connection: close\r\n\r\n`],
      [`GET /chunks HTTP/1.1\r\nHost: x\r\n${id}Connection: close\r\n\r\n`],
      [`GET /broken HTTP/1.1\r\nHost: x\r\n${id}Connection: close\r\n\r\n`],
      [`HEAD / HTTP/1.1\r\nHost: x\r\n${id}Connection: close\r\n\r\n`],
      [
        `POST / HTTP/1.1\r\nHost: x\r\n${id}Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n`,
        50,
        'hello',
      ],
      [
        `POST / HTTP/1.1\r\nHost: x\r\n${id}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhe`,
        20,
        'llo\r\n0',
        20,
        '\r\n\r\n',
      ],
      ['GET / HT', 20, `TP/1.1\r\nHost: x\r\n${id}Connection: close\r`, 20, '\n\r', 20, '\n'],
    ];
    for (const pieces of conversations) {
      const direct = await exchange(tapped.modelPort, pieces);
      assert.ok(direct.length > 0);
      assert.equal(await exchange(tapped.port, pieces), direct);
    }
    const { request: sent, response: answered } = await tapped.records();
    assert.equal(sent.length, 8);
    assert.deepEqual(answered.map((record) => String(record['status'])).sort(), [
      '200',
      '200',
      '200',
      '200',
      '200',
      '200',
      '200',
      '500',
    ]);
  });

  it('changes nothing of a request but the id, wherever it is cut', async () => {
    const received: string[] = [];
    const server = createTcpServer((socket) => {
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        if (text.endsWith('hello')) {
          received.push(text);
          socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using tapped = await tapServer(server);
    const text = 'POST /x HTTP/1.1\r\nHOST:x\r\nX-Odd:  a b \r\ncontent-LENGTH: 5\r\n\r\nhello';
    for (let cut = 1; cut < text.length; cut += 5)
      await exchange(tapped.port, [text.slice(0, cut), 5, text.slice(cut)]);
    assert.ok(received.length > 10);
    for (const one of received) {
      assert.match(one, /\r\nx-request-id: [0-9a-f-]{36}\r\n\r\nhello$/);
      assert.equal(one.replace(/x-request-id: [0-9a-f-]{36}\r\n/, ''), text);
    }
  });

  it('forwards a stream as it comes, and keeps how it went', async () => {
    await using tapped = await tap((_, response) => {
      void (async () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const word of ['one', 'two', 'three']) {
          response.write(`data: ${word}\n\n`);
          await sleep(100);
        }
        response.end();
      })();
    });
    const times: number[] = [];
    const answer = await fetch(tapped.url);
    for await (const _ of answer.body ?? []) times.push(performance.now());
    assert.ok((times[2] ?? 0) - (times[0] ?? 0) > 150, 'the pieces come one by one');
    const {
      response: [record],
    } = await tapped.records();
    assert.deepEqual([record?.['chunks'], record?.['ended']], ['3', 'complete']);
    assert.equal(record?.['datainblob'], 'true');
  });

  it('keeps what a client that went away had been sent, and says so', async () => {
    await using tapped = await tap((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[1,');
    });
    await new Promise<void>((resolve) => {
      const sent = request(tapped.url, (message) => {
        message.once('data', () => {
          message.on('error', () => undefined);
          sent.destroy();
          resolve();
        });
      });
      sent.on('error', () => undefined);
      sent.end();
    });
    await sleep(100);
    const {
      response: [record],
    } = await tapped.records();
    assert.deepEqual([record?.['ended'], record?.['datastatus']], ['aborted by client', 'aborted']);
  });

  it('leaves out what a client does not want to be kept', async () => {
    await using tapped = await tap(echo);
    for (const wish of ['none', 'metadata']) {
      const headers = { 'x-gleaner-capture': wish, 'x-request-id': wish };
      const answer = await fetch(tapped.url, { method: 'POST', headers, body: 'private' });
      assert.match(await answer.text(), /private/);
    }
    const { request: sent, response: answered } = await tapped.records();
    for (const records of [sent, answered]) {
      assert.deepEqual(
        records.map((record) => [record['correlationid'], record['data'], record['datastatus']]),
        [['metadata', null, 'opted_out']],
      );
    }
  });

  it('captures the headers that are named, but no secrets', async () => {
    const server = createServer(echo).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-tap-'));
    const collectorFile = join(folder, 'collector.yml');
    const config = {
      name: 'blue',
      endpoint_name: 'iris',
      data_collector: {
        collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
        request_logging: { capture_headers: ['X-Tenant', 'Authorization', 'Path', 'Date'] },
      },
      intake: { port: 0 },
      admin: { port: 0 },
      proxy: `0:${(server.address() as AddressInfo).port}`,
    };
    await writeFile(collectorFile, JSON.stringify(config));
    const loaded = await loadConfig({ collectorFile, dataFolder: folder, flags: {}, environment: {} });
    await using collector = await openCollector(loaded, { logger: pino({ level: 'silent' }) });
    const headers = { 'x-tenant': 't1', authorization: 'Bearer secret', path: '/other' };
    await (await fetch(`http://127.0.0.1:${collector.proxyPort}/score`, { headers })).text();
    await collector.drain(AbortSignal.timeout(5000));
    const lines = await linesBelow(join(folder, 'modelDataCollector'));
    server.close();
    await rm(folder, { recursive: true });
    const [sent] = lines.map((line) => JSON.parse(line) as RecordText).filter((one) => 'method' in one);
    assert.deepEqual([sent?.['xtenant'], sent?.['path']], ['t1', '/score']);
    assert.ok(!lines.join('').includes('secret'));
    assert.ok(lines.some((line) => line.includes('"date":"x"')));
  });

  it('decodes bodies for the record alone', async () => {
    const rows = '[{"a":1.0}]';
    const encodings: Record<string, Buffer> = {
      gzip: gzipSync(rows),
      br: brotliCompressSync(rows),
      compress: Buffer.from('unknown'),
    };
    await using tapped = await tap((message, response) => {
      const encoding = (message.url ?? '').slice(1);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(encodings[encoding]);
    });
    for (const [encoding, bytes] of Object.entries(encodings)) {
      const raw = await exchange(tapped.port, [
        `GET /${encoding} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      ]);
      assert.ok(raw.includes(bytes.toString('latin1')), encoding);
    }
    const {
      response: [zipped, squeezed, odd],
    } = await tapped.records();
    for (const record of [zipped, squeezed]) assert.deepEqual(record?.['data'], [{ a: 1 }]);
    assert.equal(zipped?.['contentencoding'], 'gzip');
    assert.equal(odd?.['datastatus'], 'undecodable');
  });

  it('passes another protocol on after an upgrade', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n');
      socket.on('data', (chunk: Buffer) => socket.end(Buffer.concat([Buffer.from('\x00\x01echo '), chunk])));
    });
    await once(server, 'listening');
    await using tapped = await tapServer(server);
    const answer = await exchange(tapped.port, [
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n',
      50,
      'no HTTP at all\0\xff',
    ]);
    assert.ok(answer.endsWith('\r\n\r\n\x00\x01echo no HTTP at all\0\xff'), answer);
    const {
      response: [record],
    } = await tapped.records();
    assert.equal(record?.['status'], '101');
  });

  it('passes on what it cannot read, and captures nothing of it', async () => {
    const server = createTcpServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using tapped = await tapServer(server);
    const text = 'NO HTTP AT ALL\r\n\r\nSM\r\n\r\nand more\0\xff';
    const socket = connect({ port: tapped.port, host: '127.0.0.1' });
    socket.end(text, 'latin1');
    assert.equal(Buffer.concat(await Array.fromAsync(socket)).toString('latin1'), text);
    const { request: sent } = await tapped.records();
    assert.deepEqual(sent, []);
  });

  it('carries a hundred megabytes both ways, with the bodies in files of their own', async () => {
    await using tapped = await tap((message, response) => message.pipe(response));
    const megabyte = Buffer.alloc(2 ** 20, 'x');
    const sent = request(tapped.url, { method: 'POST', headers: { 'content-type': 'text/plain' } });
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    const sending = (async () => {
      for (let i = 0; i < 100; i++) if (!sent.write(megabyte)) await once(sent, 'drain');
      sent.end();
    })();
    const [message] = await answered;
    let received = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) received += chunk.length;
    await sending;
    assert.equal(received, 100 * 2 ** 20);
    const {
      request: [first],
      response: [second],
    } = await tapped.records();
    for (const record of [first, second]) {
      assert.equal(record?.['datainblob'], 'true');
      const [, last] = /^bytes 0-(\d+)\/104857600$/.exec(String(record['contentrange'])) ?? [];
      // Where the disk could not follow, it says how much of it there is.
      const isCut = record['datastatus'] === 'truncated';
      assert.equal(Number(last) < 100 * 2 ** 20 - 1, isCut, JSON.stringify(record));
    }
  });
});
