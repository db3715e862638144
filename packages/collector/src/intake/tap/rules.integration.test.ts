/** What is kept of the traffic through the tap, by rule: failures, slow answers, full spools, the flight recorder. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { openFolderDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, startTapped } from '@gleaner/testkit';
import type { FaultyDatastore, RecordObject } from '@gleaner/testkit';

/** Answers as the path says: `/500` with that status, `/slow` after a while, `/cut` with half an answer. */
const model: RequestListener = (message, response) => {
  message.resume().on('end', () => {
    const [, word = ''] = message.url?.split('/') ?? [];
    if (word === 'cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
      return;
    }
    response.writeHead(Number(word) || 200, { 'content-type': 'application/json' });
    setTimeout(() => response.end('[{"y":1}]'), word === 'slow' ? 250 : 0);
  });
};

const none = {
  request: { enabled: 'true', sampling_rate: 0 },
  response: { enabled: 'true', sampling_rate: 0 },
};

async function post(url: string, { id, body = '[{"x":1}]' }: { id: string; body?: string }): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-request-id': id };
  const response = await fetch(url, { method: 'POST', body, headers });
  await response.text();
  return response.status;
}

function pairsOf(records: { request: RecordObject[]; response: RecordObject[] }): string[][] {
  return [rulesOf(records.request), rulesOf(records.response)];
}

function rulesOf(records: readonly RecordObject[]): string[] {
  return records.map((one) => `${String(one['correlationid'])} ${String(one['keptby'])}`).sort();
}

describe('keep', () => {
  it('keeps failed and slow pairs whatever the sampling, with the rule in both records', async () => {
    await using tapped = await startTapped(model, {
      collections: none,
      flags: { keep: 'errors, slower_than_ms: 200' },
    });
    await post(`${tapped.url}/200`, { id: 'fine' });
    await post(`${tapped.url}/500`, { id: 'failed' });
    await post(`${tapped.url}/404`, { id: 'missing' });
    await post(`${tapped.url}/slow`, { id: 'slow' });
    await post(`${tapped.url}/cut`, { id: 'cut' }).catch(() => undefined);
    const records = await tapped.records();
    const kept = ['cut errors', 'failed errors', 'missing errors', 'slow slower_than_ms'];
    assert.deepEqual(pairsOf(records), [kept, kept]);
    assert.deepEqual(records.request[0]?.['data'], [{ x: 1 }]);
    const { seen, accepted, dropped } =
      tapped.system.collector.status().collections['request'] ?? assert.fail();
    assert.deepEqual({ seen, accepted, dropped }, { seen: 5, accepted: 4, dropped: { sampled_out: 1 } });
  });

  it('says nothing of a rule where the sampling kept the pair', async () => {
    await using tapped = await startTapped(model, { flags: { keep: 'errors' } });
    await post(`${tapped.url}/500`, { id: 'failed' });
    assert.deepEqual(pairsOf(await tapped.records()), [['failed undefined'], ['failed undefined']]);
  });

  it('says nothing of a rule in the side that the sampling kept alone', async () => {
    const collections = { ...none, response: { enabled: 'true' } };
    await using tapped = await startTapped(model, { collections, flags: { keep: 'errors' } });
    await post(`${tapped.url}/500`, { id: 'failed' });
    assert.deepEqual(pairsOf(await tapped.records()), [['failed errors'], ['failed undefined']]);
  });

  it('keeps no large body of what may not be kept, and says so', async () => {
    await using tapped = await startTapped(model, { collections: none, flags: { keep: 'errors' } });
    const large = JSON.stringify('x'.repeat(5 * 2 ** 20));
    await post(`${tapped.url}/200`, { id: 'fine', body: large });
    await post(`${tapped.url}/500`, { id: 'failed', body: large });
    assert.deepEqual(await readdir(join(tapped.system.spoolFolder, 'payloads')), []);
    const { request } = await tapped.records();
    assert.deepEqual(
      request.map((one) => [one['data'], one['datastatus'], one['contentrange']]),
      [[null, 'too_large', `bytes 0-${large.length - 1}/${large.length}`]],
    );
  });
});

describe('the flight recorder', () => {
  const recorder = { GLEANER_RECORDER_MINUTES: '5', GLEANER_RECORDER_MAX_BYTES: '1MiB' };

  it('keeps what the sampling left out when it is asked to, and only once', async () => {
    await using tapped = await startTapped(model, { collections: none, environment: recorder });
    const ids = ['a', 'b', 'c'];
    for (const id of ids) await post(`${tapped.url}/200`, { id });
    const keep = () => fetch(`${tapped.system.adminUrl}/recorder/keep`, { method: 'POST' });
    const status = (await (await fetch(`${tapped.system.adminUrl}/status`)).json()) as {
      recorder: { records: number };
    };
    assert.equal(status.recorder.records, 6);
    assert.deepEqual(await (await keep()).json(), { records: 6 });
    assert.deepEqual(await (await keep()).json(), { records: 0 });
    await post(`${tapped.url}/200`, { id: 'later' });
    const records = await tapped.records();
    assert.deepEqual(pairsOf(records), [
      ids.map((id) => `${id} recorder`),
      ids.map((id) => `${id} recorder`),
    ]);
    assert.deepEqual(records.response[0]?.['data'], [{ y: 1 }]);
  });

  it('forgets the oldest beyond its memory', async () => {
    await using tapped = await startTapped(model, { collections: none, environment: recorder });
    const body = JSON.stringify([{ x: 'x'.repeat(200_000) }]);
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await post(`${tapped.url}/200`, { id, body });
    assert.ok((tapped.system.collector.status().recorder?.bytes ?? 0) <= 2 ** 20);
    tapped.system.collector.keepRecorded('test');
    const [requests = []] = pairsOf(await tapped.records());
    assert.deepEqual(
      requests,
      ['d', 'e', 'f', 'g', 'h'].map((id) => `${id} recorder`),
    );
  });

  it('is not there unless it is asked for', async () => {
    await using tapped = await startTapped(model);
    const answer = await fetch(`${tapped.system.adminUrl}/recorder/keep`, { method: 'POST' });
    assert.equal(answer.status, 409);
    assert.match(await answer.text(), /recorder_off/);
  });
});

describe('on_full', () => {
  const small = { 'spool-max-size': '1MiB' };
  const body = JSON.stringify([{ x: 'x'.repeat(100_000) }]);

  async function withDeadStore(flags: Record<string, string>) {
    const stores: FaultyDatastore[] = [];
    const tapped = await startTapped(model, {
      flags: { ...small, ...flags },
      openDatastore: async (config) => {
        const store = createFaultyDatastore(await openFolderDatastore(String(config.settings['path'])));
        store.down();
        stores.push(store);
        return store;
      },
    });
    return { tapped, stores };
  }

  it('drop: the client sees no difference, and what is lost is counted', async () => {
    const { tapped, stores } = await withDeadStore({});
    await using system = tapped;
    for (let i = 0; i < 30; i++) assert.equal(await post(`${system.url}/200`, { id: `r${i}`, body }), 200);
    const { seen, accepted, dropped } =
      system.system.collector.status().collections['request'] ?? assert.fail();
    assert.equal(seen, 30);
    assert.ok((dropped.spool_full ?? 0) > 0);
    assert.equal(accepted + (dropped.spool_full ?? 0), 30);
    for (const store of stores) store.up();
    const { request } = await system.records();
    assert.equal(request.length, accepted);
  });

  it('block: clients wait until there is room, and nothing is lost', async () => {
    const { tapped, stores } = await withDeadStore({ 'on-full': 'block' });
    await using system = tapped;
    let answered = 0;
    const sent = Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        assert.equal(await post(`${system.url}/200`, { id: `r${i}`, body }), 200);
        answered++;
      }),
    );
    await sleep(1000);
    const atFirst = answered;
    // Later ones have to wait.
    const late = post(`${system.url}/200`, { id: 'late', body });
    assert.equal(await Promise.race([late, sleep(500, 'waiting')]), 'waiting');
    for (const store of stores) store.up();
    await Promise.all([sent, late]);
    assert.ok(atFirst <= 30);
    const { request, response } = await system.records();
    assert.equal(new Set(request.map((one) => one['correlationid'])).size, 31);
    assert.equal(response.length, 31);
  });
});

const longChunk = {
  id: 'c',
  object: 'chat.completion.chunk',
  system_fingerprint: 'x'.repeat(2000),
  choices: [{ index: 0, delta: { content: 'word ' } }],
};
const longEvent = `data: ${JSON.stringify(longChunk)}\n\n`;

describe('on_full: block, with large bodies', () => {
  it('lets uploads through that do not fit into memory together', async () => {
    await using tapped = await startTapped(model, {
      flags: { 'on-full': 'block' },
      environment: { GLEANER_INTAKE_MAX_BUFFERED: '8MiB' },
    });
    const body = JSON.stringify([{ x: 'x'.repeat(3_900_000) }]);
    const answers = Array.from({ length: 8 }, (_, i) => post(`${tapped.url}/200`, { id: `r${i}`, body }));
    assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]));
    const { request } = await tapped.records();
    assert.deepEqual(new Set(request.map((one) => one['datastatus'])), new Set([undefined]));
    assert.equal(request.length, 8);
  });

  it('keeps the file of a long stream while its record waits for room', async () => {
    const stores: FaultyDatastore[] = [];
    await using tapped = await startTapped(
      (message, response) => {
        if (message.url === '/fill') return void response.end(JSON.stringify(['x'.repeat(900_000)]));
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`${longEvent.repeat(2500)}data: [DONE]\n\n`);
      },
      {
        flags: { 'spool-max-size': '7MiB', 'on-full': 'block' },
        async openDatastore(config) {
          const store = createFaultyDatastore(await openFolderDatastore(String(config.settings['path'])));
          store.down();
          stores.push(store);
          return store;
        },
      },
    );
    for (let i = 0; i < 3; i++) await (await fetch(`${tapped.url}/fill`)).text();
    const text = await (await fetch(`${tapped.url}/stream`)).text();
    await sleep(600);
    for (const store of stores) store.up();
    const { response } = await tapped.records();
    const record = response.find((one) => one['assembler'] !== undefined);
    const beside = await readFile(String(record?.['eventstreamref']), 'utf8');
    assert.equal(beside, text);
  });
});

describe('large_bodies: truncate', () => {
  it('keeps the first bytes and says how many there were', async () => {
    await using tapped = await startTapped(model, { environment: { GLEANER_LARGE_BODIES: 'truncate' } });
    const body = JSON.stringify([{ x: 'x'.repeat(6 * 2 ** 20) }]);
    await post(`${tapped.url}/200`, { id: 'large', body });
    const { request } = await tapped.records();
    const [record] = request;
    assert.equal(record?.['datastatus'], 'truncated');
    assert.equal(record['contentrange'], `bytes 0-${4 * 2 ** 20 - 1}/${body.length}`);
    assert.equal(record['datainblob'], 'true');
  });
});

describe('capture_headers', () => {
  it('captures a secret only where it is named twice', async () => {
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'key', cookie: 'c=1' };
    const sent = async (flags: Record<string, string>) => {
      await using tapped = await startTapped(model, {
        captureHeaders: ['authorization', 'x-api-key'],
        environment: flags,
      });
      await (await fetch(`${tapped.url}/200`, { headers })).text();
      const { request } = await tapped.records();
      return [request[0]?.['authorization'], request[0]?.['xapikey'], request[0]?.['cookie']];
    };
    assert.deepEqual(await sent({}), [undefined, undefined, undefined]);
    const both = { GLEANER_ALLOW_SENSITIVE_HEADERS: 'X-Api-Key, cookie' };
    assert.deepEqual(await sent(both), [undefined, 'key', undefined]);
  });
});

describe('traceparent', () => {
  it('stands in both records, so that they can be joined with traces', async () => {
    await using tapped = await startTapped(model);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await (await fetch(`${tapped.url}/200`, { headers: { traceparent } })).text();
    const { request, response } = await tapped.records();
    assert.deepEqual([request[0]?.['traceparent'], response[0]?.['traceparent']], [traceparent, traceparent]);
  });
});
