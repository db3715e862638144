/** Requests that never reach the model server: nobody listens where it should be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectH2, constants } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';

const settings = ['keep', 'leave_out'] as const;
const large = 'x'.repeat(5_000_000);

describe('a request that never reached the model server', () => {
  for (const undelivered of settings)
    for (const scheme of ['http', 'https'])
      it(`${undelivered}, over HTTP/1.1 to ${scheme}: its client is told, and ${recordsIn(undelivered)}`, async () => {
        await using system = await tapOn(`${scheme}://127.0.0.1:${await freePort()}`, undelivered);
        for (const body of ['{}', large]) {
          const { status, headers } = await post(system, body);
          assert.deepEqual([status, headers.get('x-gleaner-undelivered')], [502, 'true']);
        }
        await finish(system);
        await assertRecords(system, undelivered, 2);
      });

  for (const undelivered of settings)
    it(`${undelivered}, over HTTP/2: its client is told, and ${recordsIn(undelivered)}`, async () => {
      await using system = await tapOn(`127.0.0.1:${await freePort()}`, undelivered);
      const { ':status': status, 'x-gleaner-undelivered': mark } = await askH2(system, {});
      assert.deepEqual([status, mark], [502, 'true']);
      const answer = await askH2(system, { 'content-type': 'application/grpc' });
      assert.deepEqual([answer['grpc-status'], answer['x-gleaner-undelivered']], ['14', 'true']);
      await finish(system);
      await assertRecords(system, undelivered, 2);
    });

  it('leave_out: what comes once the model server is there is kept, every byte of it', async () => {
    const port = await freePort();
    await using system = await tapOn(`127.0.0.1:${port}`, 'leave_out');
    await post(system, '{"n":1}');
    const model = createHttpServer((message, response) => {
      response.setHeader('content-type', 'application/json');
      message.pipe(response);
    }).listen(port, '127.0.0.1');
    await once(model, 'listening');
    const body = JSON.stringify({ n: 2, large });
    const answer = await post(system, body);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), body);
    await finish(system);
    model.close();
    const [requests, responses] = await Promise.all([system.lines('request'), system.lines('response')]);
    assert.equal(requests.length, 1);
    assert.equal(responses.length, 1);
    assert.match(requests[0] ?? '', new RegExp(`"contentrange":"bytes 0-${body.length - 1}/${body.length}"`));
    assert.match(responses[0] ?? '', /"status":"200".*"ended":"complete"/);
  });

  it('leave_out: clients that say all they have to say at once are answered', async () => {
    const model = createHttpServer((_, response) => response.end('heard')).listen(0, '127.0.0.1');
    await once(model, 'listening');
    await using system = await tapOn(`127.0.0.1:${(model.address() as AddressInfo).port}`, 'leave_out');
    const answers = await Promise.all(Array.from({ length: 50 }, () => askAndEnd(system)));
    model.close();
    for (const answer of answers) assert.match(answer, /\r\n\r\n5\r\nheard|\r\n\r\nheard/);
  });
});

/** With the end of the client right behind its request. */
async function askAndEnd({ collector }: System): Promise<string> {
  const socket = connect({
    port: collector.proxyPort ?? 0,
    host: '127.0.0.1',
    allowHalfOpen: true,
    noDelay: true,
  });
  socket.end('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  return Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString();
}

function recordsIn(undelivered: (typeof settings)[number]): string {
  return undelivered === 'keep' ? 'its failure is kept' : 'nothing is kept';
}

async function assertRecords(system: System, undelivered: string, count: number): Promise<void> {
  const [requests, responses] = await Promise.all([system.lines('request'), system.lines('response')]);
  const expected = undelivered === 'keep' ? count : 0;
  assert.deepEqual([requests.length, responses.length], [expected, expected]);
  for (const line of responses) assert.match(line, /"ended":"failed upstream"/);
  const { request, response } = system.collector.status().collections;
  assert.deepEqual([request?.seen, response?.seen], [expected, expected]);
}

async function tapOn(model: string, undelivered: string): Promise<System> {
  return startSystem({
    flags: { proxy: `0:${model}` },
    environment: { GLEANER_UNDELIVERED: undelivered },
    collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
  });
}

/** No client is left behind: the tap closes at once. */
async function finish(system: System): Promise<void> {
  const late = new AbortController();
  const first = await Promise.race([
    system.finish().then(() => 'finished'),
    sleep(4000, 'late', { signal: late.signal }).catch(() => 'over'),
  ]);
  late.abort();
  assert.equal(first, 'finished');
}

function post({ collector }: System, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  return fetch(`http://127.0.0.1:${collector.proxyPort}/score`, { method: 'POST', headers, body });
}

async function askH2({ collector }: System, headers: OutgoingHttpHeaders): Promise<IncomingHttpHeaders> {
  const session = connectH2(`http://127.0.0.1:${collector.proxyPort}`);
  const stream = session.request({ [constants.HTTP2_HEADER_METHOD]: 'POST', ...headers });
  stream.end('{}');
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  await once(stream, 'close');
  session.close();
  return answer;
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
