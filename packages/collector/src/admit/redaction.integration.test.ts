/** Personal data are planted wherever they can come in: not one byte of them may be on disk or in the log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { request as ask } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { createFaultyDatastore, startTapped } from '@gleaner/testkit';
import type { FaultyDatastore, TappedSystem } from '@gleaner/testkit';
import { openDatastore } from '@gleaner/datastore';
import { pino } from 'pino';

const email = 'ada.lovelace@example.com';
const name = 'Ada King-Noel';
const secrets = [email, encodeURIComponent(email), 'lovelace', name, 'King-Noel'];

const rules = [
  { column: 'name', action: 'mask' },
  { path: '$.user.street', action: 'drop' },
  { pattern: '[\\w.]+@[\\w.]+', action: 'hash' },
];

/** What `/echo` got; and a chat whose pieces are harmless by themselves. */
const model: RequestListener = (message, response) => {
  const pieces: Buffer[] = [];
  message.on('data', (piece: Buffer) => pieces.push(piece));
  message.on('end', () => {
    if (message.url?.startsWith('/chat')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of ['Write to ada.love', 'lace@exam', 'ple.com'])
        response.write(
          `data: ${JSON.stringify({ object: 'chat.completion.chunk', id: 'c', choices: [{ index: 0, delta: { content } }] })}\n\n`,
        );
      response.end('data: [DONE]\n\n');
      return;
    }
    const type = message.headers['content-type'];
    const encoding = message.headers['content-encoding'];
    response.writeHead(200, {
      ...(type !== undefined && { 'content-type': type }),
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    });
    response.end(Buffer.concat(pieces));
  });
};

let folder: string;
let log = '';
let tapped: TappedSystem;
let store: FaultyDatastore | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gleaner-redaction-'));
  const keyFile = join(folder, 'redaction.key');
  await writeFile(keyFile, Buffer.alloc(32, 7));
  tapped = await startTapped(model, {
    folder: join(folder, 'system'),
    collections: { model_inputs: { enabled: 'true' } },
    captureHeaders: ['x-user', 'referer'],
    settings: { redact: { key_file: keyFile, rules } },
    logger: pino({ level: 'debug' }, { write: (line: string) => void (log += line) }),
    async openDatastore(config) {
      store = createFaultyDatastore(await openDatastore(config));
      return store;
    },
  });
});

after(async () => {
  await tapped[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function send(path: string, body: string | Buffer, headers: Record<string, string>): Promise<void> {
  const sent = ask(tapped.url + path, { method: 'POST', headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  await Array.fromAsync(answer as AsyncIterable<Buffer>);
}

async function planted(): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, 'system'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    for (const secret of secrets)
      if (bytes.includes(secret) || path.includes(secret)) found.push(`${secret} in ${path}`);
  }
  for (const secret of secrets) if (log.includes(secret)) found.push(`${secret} in the log`);
  return found;
}

/** Texts of the files of this name. */
async function payloads(file: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'system'), { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile() && entry.name === file);
  return Promise.all(found.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
}

const json = { 'content-type': 'application/json' };

describe('redact', () => {
  it('leaves nothing of it in spool, payload files, store and log', async () => {
    store?.down();
    const rows = `[{"name":"${name}","mail":"${email}","x":1.0}]`;
    await send('/echo', rows, { ...json, 'x-request-id': 'rows' });
    await send('/echo', `{"user":{"street":"${name}","n":1}}`, { ...json, 'x-request-id': 'object' });
    await send('/echo', gzipSync(rows), { ...json, 'content-encoding': 'gzip', 'x-request-id': 'gzip' });
    await send(`/echo?who=${encodeURIComponent(email)}`, '{}', {
      ...json,
      'x-user': email,
      referer: `http://h/?mail=${encodeURIComponent(email)}`,
      'x-request-id': email,
    });
    await send('/echo', '{}', { ...json, 'x-request-id': encodeURIComponent(email) });
    await send('/echo', `hello ${email}`, { 'content-type': 'text/plain', 'x-request-id': 'text' });
    await send('/echo', email, {
      'content-type': 'text/plain',
      'content-encoding': 'x-none',
      'x-request-id': 'encoded',
    });
    await send('/echo', `\0${email}`, {
      'content-type': 'application/octet-stream',
      'x-request-id': 'binary',
    });
    await send('/echo', `{"name": "${name}`, { ...json, 'x-request-id': 'broken' });
    const large = JSON.stringify(
      Array.from({ length: 60_000 }, (_, i) => ({ i, name, mail: email, text: 'x'.repeat(40) })),
    );
    await send('/echo', large, { ...json, 'x-request-id': 'large' });
    await send('/echo', `${'x'.repeat(5_000_000)}${email}`, {
      'content-type': 'text/plain',
      'x-request-id': 'large text',
    });
    await send('/chat', `{"messages":[{"role":"user","content":"I am ${email}"}]}`, {
      ...json,
      'x-request-id': 'chat',
    });
    const sdk = {
      'content-type': 'application/json',
      'ce-type': 'azureml.inference.model_inputs',
      'ce-x-request-id': 'sdk',
      'ce-collect-data-type': 'pandas.core.frame.DataFrame',
      'trace-id': email,
      'ce-note': email,
    };
    await fetch(`${tapped.system.intakeUrl}/modeldata/log`, { method: 'POST', headers: sdk, body: rows });
    const structured = {
      specversion: '1.0',
      id: 'structured',
      source: '/me',
      type: 'azureml.inference.request',
      datacontenttype: 'text/plain',
    };
    await fetch(`${tapped.system.intakeUrl}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: `${JSON.stringify(structured).slice(0, -1)},"data":{"a":"ada.lovel\\u0061ce\\u0040example.com"}}`,
    });
    assert.deepEqual(await planted(), [], 'with everything in the spool');
    store?.up();
    const { request, response } = await tapped.records();
    const inputs = await tapped.system.lines('model_inputs');
    assert.deepEqual(await planted(), [], 'with everything stored');

    const byId = new Map(request.map((one) => [one['correlationid'], one]));
    const [row] = (byId.get('rows')?.['data'] ?? []) as { mail: string }[];
    const digest = row?.mail ?? assert.fail('there is no row');
    assert.match(digest, /^[\da-f]{32}$/);
    assert.deepEqual(byId.get('rows')?.['data'], [{ name: '***', mail: digest, x: 1 }]);
    assert.equal(byId.get('rows')?.['contentrange'], `bytes 0-${rows.length - 1}/${rows.length}`);
    assert.deepEqual(byId.get('gzip')?.['data'], byId.get('rows')?.['data']);
    assert.deepEqual(byId.get('object')?.['data'], { user: { n: 1 } });
    for (const id of ['text', 'encoded', 'binary', 'broken', 'large text']) {
      assert.equal(byId.get(id)?.['data'], null, id);
      assert.equal(byId.get(id)?.['datastatus'], 'redaction_failed', id);
    }
    assert.equal(byId.get('large')?.['datastatus'], undefined);
    assert.ok(String(byId.get('large')?.['dataref']).endsWith('.json'));
    const withQuery = request.find((one) => String(one['path']).startsWith('/echo?'));
    assert.equal(withQuery?.['path'], `/echo?who=${digest}`);
    assert.equal(withQuery['xuser'], digest);
    assert.equal(withQuery['referer'], `http://h/?mail=${digest}`);
    const reference = String(byId.get('structured')?.['data']).split('/').at(-1);
    assert.ok(
      reference !== undefined && (await payloads(reference)).includes(`{"a":"${digest}"}`),
      reference,
    );
    const answers = response.map((one) => one['correlationid']);
    assert.ok(answers.includes(withQuery['correlationid']), 'the pair is still one');
    const chat = response.find((one) => one['correlationid'] === 'chat');
    const said = chat?.['data'] as { choices: [{ message: { content: string } }] };
    assert.equal(said.choices[0].message.content, `Write to ${digest}`);
    assert.equal(chat?.['eventstream'], undefined);
    assert.ok(inputs[0]?.includes(`"data":[{"name":"***","mail":"${digest}","x":1.0}]`), inputs[0]);
    assert.equal((JSON.parse(inputs[0] ?? '') as Record<string, unknown>)['note'], digest);
  });

  it('replaces an id on both sides of a pair, when the rule is for one of them', async () => {
    const pattern = { pattern: '[\\w.]+@[\\w.]+', action: 'mask', collections: ['request'] };
    await using pair = await startTapped(model, { settings: { redact: { rules: [pattern] } } });
    const sent = ask(`${pair.url}/echo`, { method: 'POST', headers: { ...json, 'x-request-id': email } });
    sent.end('{}');
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await Array.fromAsync(answer as AsyncIterable<Buffer>);
    const { request, response } = await pair.records();
    const id = String(request[0]?.['correlationid']);
    assert.match(id, /^[\da-f]{32}$/);
    assert.equal(response[0]?.['correlationid'], id);
  });
});
