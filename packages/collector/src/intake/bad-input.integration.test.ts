/** What senders may do wrong, and what they get for it (issue table "Bad input, and what it gets"). */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, it } from 'node:test';

import { postRaw, sendRaw, startSystem } from '@gleaner/testkit';
import type { RawAnswer, System } from '@gleaner/testkit';

const rows = Buffer.from('[{"a":1.0}]');

interface Sent {
  type?: string;
  headers?: [string, string][];
  body?: Uint8Array;
  path?: string;
  method?: string;
}

function send(system: System, sent: Sent = {}): Promise<RawAnswer> {
  const {
    type = 'azureml.inference.model_inputs',
    headers = [],
    body = rows,
    path = '/modeldata/log',
  } = sent;
  const all: [string, string][] = [
    ['Host', 'x'],
    ['Content-Type', 'application/json'],
    ['Content-Length', `${body.length}`],
    ...headers,
  ];
  if (type !== '') all.push(['ce-type', type]);
  return postRaw(system.collector.intakePort, { method: sent.method ?? 'POST', path, headers: all, body });
}

function codeOf({ body }: RawAnswer): string {
  return (JSON.parse(body) as { error: { code: string } }).error.code;
}

/** Data files; a manifest may tell of what was dropped. */
async function storedFiles(system: System): Promise<string[]> {
  const names = await readdir(system.dataFolder, { recursive: true });
  return names.filter((name) => !name.startsWith('.spool') && name.endsWith('.jsonl'));
}

describe('the intake', () => {
  it('refuses a missing or malformed ce-type, and stores nothing', async () => {
    await using system = await startSystem();
    const bad = ['', 'model_inputs', 'azureml.inference.', 'azureml.inference.a/b', 'azureml.inference...'];
    bad.push(
      `azureml.inference.${'x'.repeat(256)}`,
      'azureml.inference.a\u0001b',
      'azureml.inference.../../escape',
    );
    for (const type of bad) {
      const answer = await send(system, { type });
      assert.equal(answer.status, 400, type);
      assert.equal(codeOf(answer), 'ce_type_invalid');
    }
    assert.equal(system.collector.status().unattributed.dropped.event_invalid, bad.length);
    await system.finish();
    assert.deepEqual(await storedFiles(system), []);
  });

  it('answers 404 for a collection that is not enabled, and counts it', async () => {
    await using system = await startSystem({ collections: { model_inputs: { enabled: 'false' } } });
    const answer = await send(system);
    assert.deepEqual([answer.status, codeOf(answer)], [404, 'collection_not_enabled']);
    assert.equal(system.collector.status().collections['model_inputs']?.dropped.collection_not_enabled, 1);
  });

  it('takes names without regard to case', async () => {
    await using system = await startSystem();
    assert.equal((await send(system, { type: 'azureml.inference.Model_Inputs' })).status, 200);
    await system.finish();
    assert.match((await system.lines('model_inputs'))[0] ?? '', /"type":"azureml.inference.model_inputs"/);
  });

  it('keeps records whose headers only a lenient parser takes', async () => {
    await using system = await startSystem();
    assert.equal((await send(system, { headers: [['ce-my key', 'x\u0001y']] })).status, 200);
    await system.finish();
    const record = JSON.parse((await system.lines('model_inputs'))[0] ?? '') as Record<string, unknown>;
    assert.equal(record['mykey'], 'x\u0001y');
  });

  it('replaces an absurd time by the arrival time, and counts it', async () => {
    await using system = await startSystem();
    for (const time of ['yesterday', '-1', '1672533814000', '900000000']) {
      assert.equal((await send(system, { headers: [['ce-time', time]] })).status, 200);
    }
    assert.equal(system.collector.status().collections['model_inputs']?.timeReplaced, 4);
    await system.finish();
    for (const line of await system.lines('model_inputs')) {
      const { time } = JSON.parse(line) as { time: string };
      assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    }
  });

  it('answers 413 over the hard cap', async () => {
    await using system = await startSystem({ environment: { GLEANER_INTAKE_MAX_BODY: '64KiB' } });
    const answer = await send(system, { body: Buffer.alloc(65 * 1024, '1') });
    assert.deepEqual([answer.status, codeOf(answer)], [413, 'body_too_large']);
  });

  it('answers 408 to half a request, and stores nothing', async () => {
    await using system = await startSystem({ environment: { GLEANER_INTAKE_STALL_TIMEOUT: '300ms' } });
    const head =
      'POST /modeldata/log HTTP/1.1\r\nHost: x\r\nce-type: azureml.inference.model_inputs\r\nContent-Length: 9\r\n\r\n';
    const answer = await sendRaw(system.collector.intakePort, [Buffer.from(`${head}[{"a"`)]);
    assert.deepEqual([answer.status, codeOf(answer)], [408, 'body_incomplete']);
    await system.finish();
    assert.deepEqual(await storedFiles(system), []);
  });

  it('stores nothing of a sender that goes away in the middle', async () => {
    await using system = await startSystem();
    const head =
      'POST /modeldata/log HTTP/1.1\r\nHost: x\r\nce-type: azureml.inference.model_inputs\r\nContent-Length: 9\r\n\r\n[{';
    await new Promise<void>((resolve) => {
      const socket = connect(system.collector.intakePort, '127.0.0.1', () =>
        socket.write(head, () => socket.destroy()),
      );
      socket.on('close', () => resolve());
    });
    await system.finish();
    assert.deepEqual(await storedFiles(system), []);
  });

  it('refuses framing that two readers could understand differently', async () => {
    await using system = await startSystem();
    const answer = await send(system, { headers: [['Transfer-Encoding', 'chunked']] });
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'framing_ambiguous']);
  });

  for (const [kind, body] of [
    ['in its line', rows],
    ['beside its line', Buffer.from('[1]')],
  ] as const) {
    it(`stores a retry once, at the same time, later or after a restart: a body ${kind}`, async () => {
      await using system = await startSystem();
      const headers: [string, string][] = [['trace-id', '1b61ea13-eb47-4b51-8d4f-9a8dd5a70084']];
      const together = await Promise.all([1, 2, 3].map(() => send(system, { headers, body })));
      const later = await send(system, { headers, body });
      for (const { status } of [...together, later]) assert.equal(status, 200);
      const { accepted, repeated } = system.collector.status().collections['model_inputs'] ?? {};
      assert.deepEqual([accepted, repeated], [1, 3]);
      await system.finish();
      // The first restart removes the segment that holds the frame, the second one knows it from its keys.
      for (let restart = 0; restart < 2; restart++) {
        await using again = await startSystem({ folder: system.folder });
        assert.equal((await send(again, { headers, body })).status, 200);
        await again.finish();
      }
      assert.equal((await system.lines('model_inputs')).length, 1);
    });
  }

  it('ends the connection behind trailers that cannot be read', async () => {
    await using system = await startSystem();
    const head =
      'POST /modeldata/log HTTP/1.1\r\nHost: x\r\nce-type: azureml.inference.model_inputs\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await sendRaw(system.collector.intakePort, [
      Buffer.from(`${head}2\r\n[]\r\n0\r\nbad trailer\r\n\r\n`),
    ]);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'trailers_malformed']);
    assert.match(answer.head, /Connection: close/);
  });

  it('keeps odd bodies beside their lines', async () => {
    await using system = await startSystem();
    const bodies = ['{"a":1}', '[[1,2]]', '[{"a":1', '"text"', '', '[1]', '[{"a":"\\ud800"}]'];
    for (const body of bodies) assert.equal((await send(system, { body: Buffer.from(body) })).status, 200);
    await system.finish();
    const lines = await system.lines('model_inputs');
    assert.equal(lines.length, bodies.length);
    for (const [index, line] of lines.entries()) {
      const record = JSON.parse(line) as Record<string, string>;
      assert.equal(record['data'], undefined);
      assert.equal(record['datainblob'], 'true');
      assert.equal(await readFile(record['dataref'] ?? '', 'utf8'), bodies[index]);
    }
  });

  it('keeps any JSON of request and response in the line', async () => {
    await using system = await startSystem({ collections: { request: { enabled: 'true' } } });
    await send(system, { type: 'azureml.inference.request', body: Buffer.from('{ "a": 1.0 }') });
    await system.finish();
    assert.match(
      (await system.lines('request'))[0] ?? '',
      /"data":\{"a":1\.0\},"contentrange":"bytes 0-11\/12"/,
    );
  });

  it('brings a large body of white space back into its line', async () => {
    await using system = await startSystem();
    const body = Buffer.from(`[${' '.repeat(5_000_000)}{"a":1}]`);
    assert.equal((await send(system, { body })).status, 200);
    await system.finish();
    assert.match(
      (await system.lines('model_inputs'))[0] ?? '',
      /"data":\[\{"a":1\}\],"contentrange":"bytes 0-5000008\/5000009"/,
    );
  });

  it('knows its two routes, and POST', async () => {
    await using system = await startSystem();
    assert.equal((await send(system, { path: '/other' })).status, 404);
    assert.equal((await send(system, { method: 'PUT' })).status, 405);
  });
});

describe('POST /events', () => {
  it('takes CloudEvents in binary, structured and batch form, data byte for byte', async () => {
    await using system = await startSystem();
    const post = (
      contentType: string,
      body: string,
      headers: Record<string, string> = {},
    ): Promise<Response> =>
      fetch(`${system.intakeUrl}/events`, {
        method: 'POST',
        body,
        headers: { 'content-type': contentType, ...headers },
      });
    const type = 'azureml.inference.model_inputs';
    const binary = {
      'ce-specversion': '1.0',
      'ce-id': 'b1',
      'ce-source': '/s',
      'ce-type': type,
      'ce-xrequestid': 'r1',
    };
    assert.equal((await post('application/json', '[{"a":1.0}]', binary)).status, 200);
    const event = (id: string, data: string): string =>
      `{"specversion":"1.0","id":"${id}","source":"/s","type":"${type}","time":"2026-01-02T03:04:05Z","correlationid":"r1","data":${data}}`;
    assert.equal((await post('application/cloudevents+json', event('s1', '[{"a": 2.0}]'))).status, 200);
    const batch = `[${event('x1', '[{"a":3.0}]')},${event('x2', '[{"a":9007199254740993}]')}]`;
    assert.equal((await post('application/cloudevents-batch+json', batch)).status, 200);
    assert.equal((await post('application/cloudevents-batch+json', batch)).status, 200);
    await system.finish();
    const lines = await system.lines('model_inputs');
    const data = new Set(lines.map((line) => /"data":(.*),"contentrange"/.exec(line)?.[1]));
    assert.equal(lines.length, 4);
    assert.deepEqual(
      [...data].toSorted((a = '', b = '') => (a < b ? -1 : 1)),
      ['[{"a":1.0}]', '[{"a":2.0}]', '[{"a":3.0}]', '[{"a":9007199254740993}]'],
    );
    for (const line of lines) assert.match(line, /"source":"\/s".*"correlationid":"r1","xrequestid":"r1"/);
  });

  it('takes the pairs of the KServe logger, which share one id', async () => {
    await using system = await startSystem({
      collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
    });
    for (const side of ['request', 'response']) {
      const headers = {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': 'k1',
        'ce-source': 'http://localhost:9081/',
        'ce-type': `org.kubeflow.serving.inference.${side}`,
        'ce-inferenceservicename': 'iris',
      };
      assert.equal(
        (await fetch(`${system.intakeUrl}/events`, { method: 'POST', headers, body: '{"x":1}' })).status,
        200,
      );
    }
    await system.finish();
    for (const side of ['request', 'response']) {
      const [line = '', ...others] = await system.lines(side);
      assert.equal(others.length, 0);
      assert.match(
        line,
        new RegExp(`"type":"azureml.inference.${side}".*"correlationid":"k1".*"inferenceservicename":"iris"`),
      );
    }
  });

  it('takes nothing of a batch with a bad event', async () => {
    await using system = await startSystem();
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const body = '[{"id":"1","source":"/s","type":"azureml.inference.model_inputs","data":[]},{"id":"2"}]';
    assert.equal((await fetch(`${system.intakeUrl}/events`, { method: 'POST', headers, body })).status, 400);
    await system.finish();
    assert.deepEqual(await storedFiles(system), []);
  });
});
