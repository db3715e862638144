import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { storeKinds } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { failsWith } from '@gleaner/datastore/contract';
import { startFaultProxy } from './fault-proxy.ts';
import { randomHttpFaults } from './http-faults.ts';
import type { HttpFault, HttpFaultPlan } from './http-faults.ts';
import { seededRandom } from './seeded-random.ts';
import type { StoreService } from './store-answers.ts';

interface Heard {
  method: string | undefined;
  path: string | undefined;
  rawHeaders: string[];
  body: Buffer;
  isWhole: boolean;
}

interface Listener extends AsyncDisposable {
  readonly endpoint: string;
  /** Requests in the order of their ends. */
  readonly heard: Heard[];
}

/** A server that remembers what it hears, and answers 201 with a body and a place to go on at. */
async function startListener(): Promise<Listener> {
  const heard: Heard[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.once('close', () => {
      const { method, url: path, rawHeaders, complete: isWhole } = incoming;
      heard.push({ method, path, rawHeaders, body: Buffer.concat(chunks), isWhole });
    });
    incoming.once('end', () => {
      response.writeHead(201, 'Made', [
        'X-Place',
        'here',
        'x-place',
        'there',
        'Location',
        `${endpoint}/next`,
      ]);
      response.end('done');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  return {
    endpoint,
    heard,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface Heads {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

const sentBytes = Buffer.alloc(300_000, 'ä\r\n');

/** Rejects when the connection ends without an answer, or after `patienceMs`. */
async function send(endpoint: string, { method = 'PUT', patienceMs = 5000 } = {}): Promise<Heads> {
  const signal = AbortSignal.timeout(patienceMs);
  const headers = ['Host', 'signed.example:1', 'X-Signed', 'a', 'x-signed', 'b', 'Authorization', 'sig'];
  const hasBody = method === 'PUT';
  if (hasBody) headers.push('Content-Length', `${sentBytes.length}`);
  const outgoing = httpRequest(`${endpoint}/con/%C3%A4%20b?comp=x&y=%2F`, {
    method,
    headers,
    signal,
    agent: false,
  });
  outgoing.on('error', () => undefined);
  const response = new Promise<Heads>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const { statusCode: status, headers } = answer;
      Array.fromAsync(answer as AsyncIterable<Buffer>).then(
        (chunks) => resolve({ status, headers, body: Buffer.concat(chunks).toString() }),
        reject,
      );
    });
  });
  outgoing.end(hasBody ? sentBytes : undefined);
  return response;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition() && Date.now() < deadline) await sleep(5);
  assert.ok(condition());
}

const always =
  (fault: HttpFault): HttpFaultPlan =>
  () =>
    fault;

function startProxy(target: Listener, plan?: HttpFaultPlan) {
  return startFaultProxy({ target: target.endpoint, service: 's3', ...(plan && { plan }) });
}

describe('startFaultProxy', () => {
  it('passes requests and answers on unchanged, but for a location of the server', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener);
    const { status, headers, body } = await send(proxy.endpoint);
    const [heard] = listener.heard;
    assert.equal(heard?.method, 'PUT');
    assert.equal(heard?.path, '/con/%C3%A4%20b?comp=x&y=%2F');
    const signed = ['Host', 'signed.example:1', 'X-Signed', 'a', 'x-signed', 'b', 'Authorization', 'sig'];
    assert.deepEqual(heard?.rawHeaders.slice(0, 10), [...signed, 'Content-Length', '300000']);
    assert.ok(heard?.body.equals(sentBytes));
    assert.deepEqual(
      { status, body, place: headers['x-place'] },
      { status: 201, body: 'done', place: 'here, there' },
    );
    assert.equal(headers.location, `${proxy.endpoint}/next`);
    assert.equal((await send(proxy.endpoint, { method: 'HEAD' })).status, 201);
    assert.equal(proxy.counts.pass, 2);
  });

  it('cuts before the server has heard of it', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'cut before' }));
    await assert.rejects(send(proxy.endpoint), { code: 'ECONNRESET' });
    assert.equal(listener.heard.length, 0);
    assert.equal(proxy.counts['cut before'], 1);
  });

  it('cuts in the middle of a body', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'tear', share: 0.5 }));
    await assert.rejects(send(proxy.endpoint));
    await until(() => listener.heard.length === 1);
    const [heard] = listener.heard;
    assert.equal(heard?.isWhole, false);
    assert.ok(heard?.body.equals(sentBytes.subarray(0, 150_000)));
  });

  it('lets the server do it and loses the answer', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'lose answer' }));
    await assert.rejects(send(proxy.endpoint), { code: 'ECONNRESET' });
    assert.ok(listener.heard[0]?.body.equals(sentBytes));
  });

  it('lets the server do it and holds the answer back until the client gives up', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'hold answer' }));
    const sent = send(proxy.endpoint, { patienceMs: 400 });
    await until(() => listener.heard.length === 1);
    await assert.rejects(sent, { name: 'AbortError' });
  });

  it('has the server do it after the client has given up', async () => {
    await using listener = await startListener();
    {
      await using proxy = await startProxy(listener, always({ kind: 'apply late', afterMs: 50 }));
      await assert.rejects(send(proxy.endpoint, { patienceMs: 300 }), { name: 'AbortError' });
      assert.equal(listener.heard.length, 0);
    }
    assert.ok(listener.heard[0]?.body.equals(sentBytes), 'disposal waits for it');
  });

  it('answers for a server that is not well', async () => {
    await using listener = await startListener();
    for (const status of [429, 500, 503] as const) {
      await using proxy = await startProxy(listener, always({ kind: 'fail', status, retryAfterSeconds: 7 }));
      const answer = await send(proxy.endpoint);
      assert.deepEqual([answer.status, answer.headers['retry-after']], [status, '7']);
    }
    assert.equal(listener.heard.length, 0);
  });

  it('goes down, denies, comes back to its plan and calms down', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'fail', status: 500 }));
    proxy.down();
    await assert.rejects(send(proxy.endpoint));
    proxy.deny();
    assert.equal((await send(proxy.endpoint)).status, 403);
    proxy.up();
    assert.equal((await send(proxy.endpoint)).status, 500);
    assert.equal(listener.heard.length, 0);
    proxy.calm();
    assert.equal((await send(proxy.endpoint)).status, 201);
  });

  it('ends the requests under way when it goes down', async () => {
    await using listener = await startListener();
    await using proxy = await startProxy(listener, always({ kind: 'hold answer' }));
    const sent = send(proxy.endpoint);
    await until(() => listener.heard.length === 1);
    proxy.down();
    await assert.rejects(sent, { code: 'ECONNRESET' });
  });
});

describe('the answers of a proxy', () => {
  for (const service of ['azure_blob', 's3', 'gcs'] as const) {
    it(`are those of the service, as the adapter knows them: ${service}`, async () => {
      await using listener = await startListener();
      let fault: HttpFault = { kind: 'refuse', why: 'permission withdrawn' };
      await using proxy = await startFaultProxy({ target: listener.endpoint, service, plan: () => fault });
      await using store = await openStore(service, proxy.endpoint);
      const fails = async (code: Parameters<typeof failsWith>[0]) => {
        await failsWith(code, store.put('a', Buffer.from('x')));
        await failsWith(code, store.length('a'));
        await failsWith(code, Array.fromAsync(store.read('a')));
      };
      await fails('store_permission_denied');
      fault = { kind: 'refuse', why: 'login expired' };
      await fails('store_permission_denied');
      for (const status of [429, 503] as const) {
        fault = { kind: 'fail', status };
        await fails('store_throttled');
      }
      fault = { kind: 'fail', status: 500 };
      await fails('store_failed');
      for (const kind of ['cut before', 'lose answer'] as const) {
        fault = { kind };
        await fails('store_unreachable');
      }
      proxy.down();
      await fails('store_unreachable');
    });
  }
});

describe('randomHttpFaults', () => {
  const odds = { tear: 0.1, 'lose answer': 0.1, fail: 0.1, refuse: 0.1, 'apply late': 0.1 };
  const request = { method: 'PUT', path: '/', bodyBytes: 1, number: 1 };
  const draw = (seed: number) => {
    const plan = randomHttpFaults(seededRandom(seed), odds);
    return Array.from({ length: 2000 }, () => plan(request));
  };

  it('gives the same faults for the same seed', () => {
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
  });

  it('keeps to the odds', () => {
    const faults = draw(3);
    for (const [kind, chance] of Object.entries({ ...odds, 'cut before': 0, 'hold answer': 0 })) {
      const share = faults.filter((fault) => fault?.kind === kind).length / faults.length;
      assert.ok(Math.abs(share - chance) < 0.03, `${kind}: ${share}`);
    }
  });
});

async function openStore(service: StoreService, endpoint: string): Promise<Datastore> {
  const settings = {
    azure_blob: {
      account_name: 'someaccount',
      container_name: 'some-container',
      endpoint: new URL(endpoint).host,
      protocol: 'http',
      'credentials.account_key': Buffer.from('no secret').toString('base64'),
    },
    s3: {
      bucket: 'some-bucket',
      endpoint,
      'credentials.access_key_id': 'id',
      'credentials.secret_access_key': 'no secret',
    },
    gcs: { bucket: 'some-bucket', endpoint },
  }[service];
  const kind = storeKinds.find(({ type }) => type === service);
  if (kind === undefined) throw new Error(`there is no kind of store ${service}`);
  return kind.open(settings, {});
}
