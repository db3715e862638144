/** Real clients see the same with and without us, and what they were told is in the records. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

import Anthropic from '@anthropic-ai/sdk';
import { startStreamingModel, startTapped } from '@gleaner/testkit';
import OpenAI from 'openai';

import { pythonEnvironment } from '../../../../../scripts/python.ts';

const run = promisify(execFile);
const fixture = (name: string) => readFile(join(import.meta.dirname, 'assemble/fixtures', name), 'utf8');

/** Without what the clock says. */
const model: RequestListener = (message, response) => {
  const pieces: Buffer[] = [];
  message.on('data', (piece: Buffer) => pieces.push(piece));
  message.on('end', () => {
    response.sendDate = false;
    const body = Buffer.concat(pieces);
    if (message.url === '/gzip') {
      const encoded = gzipSync(`{"received":${body.length}}`);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(encoded);
    } else if (message.url === '/teapot') response.writeHead(418, { 'x-odd': 'a, b' }).end('short and stout');
    else {
      response.writeHead(200, { 'content-type': 'application/json', trailer: 'x-sum' });
      response.write('[');
      response.write(`{"received":${body.length}}`);
      response.addTrailers({ 'x-sum': String(body.length) });
      response.end(']');
    }
  });
};

describe('curl and the Python requests, through the tap', () => {
  it('curl shows the same bytes', async () => {
    await using tapped = await startTapped(model);
    for (const path of ['/', '/gzip', '/teapot'])
      assert.equal(await shownByCurl(tapped.url + path), await shownByCurl(tapped.modelUrl + path));
    const { request, response } = await tapped.records();
    assert.deepEqual(new Set(request.map((one) => one['path'])), new Set(['/', '/gzip', '/teapot']));
    const answers = response.map(({ status, data, dataref }) => ({
      status,
      data,
      isBeside: dataref !== undefined,
    }));
    for (const answer of [
      { status: '200', data: [{ received: 9 }], isBeside: false },
      { status: '200', data: { received: 9 }, isBeside: false },
      { status: '418', data: undefined, isBeside: true },
    ])
      assert.ok(
        answers.some((one) => isDeepStrictEqual(one, answer)),
        JSON.stringify(answers),
      );
  });

  it('requests of Python prints the same', async (test) => {
    const environment = await pythonEnvironment('iris');
    if ('unavailable' in environment) return test.skip(environment.unavailable);
    await using tapped = await startTapped(model);
    const program = `
import requests, sys
with requests.Session() as session:
    for path in ['/', '/gzip', '/teapot', '/']:
        answer = session.post(sys.argv[1] + path, json=[{'x': 1.0}])
        print(answer.status_code, sorted(answer.headers.items()), answer.content)
    streamed = session.post(sys.argv[1] + '/', data=(piece for piece in [b'[{"x":', b'1}]']), stream=True)
    print(b''.join(streamed.iter_content(1)))
`;
    const printed = async (url: string) => (await run(environment.python, ['-c', program, url])).stdout;
    assert.equal(await printed(tapped.url), await printed(tapped.modelUrl));
    const { request } = await tapped.records();
    assert.equal(request.length, 5);
    assert.deepEqual(request.at(-1)?.['data'], [{ x: 1 }]);
  });
});

async function shownByCurl(url: string): Promise<string> {
  const args = ['-sS', '-i', '--raw', '-d', '[{"x":1}]', '-H', 'content-type: application/json', url];
  return (await run('curl', args, { encoding: 'buffer' })).stdout.toString('latin1');
}

const messages = [{ role: 'user' as const, content: 'hello' }];

async function askAnthropic(baseURL: string): Promise<unknown> {
  const client = new Anthropic({ apiKey: 'none', baseURL, maxRetries: 0 });
  return await client.messages.stream({ model: 'm', max_tokens: 10, messages }).finalMessage();
}

describe('clients of language models, through the tap', () => {
  it('openai gets every event as it comes, and its answer is the record', async () => {
    const text = await fixture('chat-tools.sse');
    await using server = await startStreamingModel(() => ({ text, delayMs: 30 }));
    await using tapped = await startTapped(Number(new URL(server.endpoint).port));
    const ask = async (baseURL: string) => {
      const client = new OpenAI({ apiKey: 'none', baseURL: `${baseURL}/v1`, maxRetries: 0 });
      const stream = client.chat.completions.stream({ model: 'm', messages });
      const arrivals: number[] = [];
      stream.on('chunk', () => arrivals.push(performance.now()));
      return { answer: await stream.finalChatCompletion(), arrivals };
    };
    const [direct, through] = [await ask(server.endpoint), await ask(tapped.url)];
    assert.deepEqual(through.answer, direct.answer);
    assert.equal(through.arrivals.length, direct.arrivals.length);
    const gaps = through.arrivals.slice(1).filter((time, i) => time - (through.arrivals[i] ?? 0) < 10);
    assert.ok(gaps.length < through.arrivals.length / 2, 'the events came in one piece');
    const { request, response } = await tapped.records();
    assert.deepEqual((request[0]?.['data'] as { messages?: unknown } | undefined)?.messages, messages);
    const [record] = response;
    assert.equal(record?.['assembler'], 'openai.chat');
    assert.equal(record['datacontenttype'], 'application/json');
    assert.equal(record['eventstream'], text);
    assert.equal(record['ended'], 'complete');
    assert.ok(Number(record['chunks']) > 3);
    const said = record['data'] as { choices: { message: { tool_calls: unknown } }[] };
    assert.deepEqual(
      said.choices[0]?.message.tool_calls,
      JSON.parse(JSON.stringify(direct.answer.choices[0]?.message.tool_calls), (key, value: unknown) =>
        key === 'parsed_arguments' ? undefined : value,
      ),
    );
  });

  it('@anthropic-ai/sdk does, too', async () => {
    const text = await fixture('message-tools.sse');
    await using server = await startStreamingModel(() => ({ text, delayMs: 5 }));
    await using tapped = await startTapped(Number(new URL(server.endpoint).port));
    assert.deepEqual(await askAnthropic(tapped.url), await askAnthropic(server.endpoint));
    const { response } = await tapped.records();
    assert.equal(response[0]?.['assembler'], 'anthropic.message');
    assert.equal((response[0]['data'] as { role: string }).role, 'assistant');
  });

  it('a client that goes away leaves what it was told', async () => {
    const text = await fixture('chat-text.sse');
    await using server = await startStreamingModel(() => ({ text, delayMs: 50 }));
    await using tapped = await startTapped(Number(new URL(server.endpoint).port));
    const client = new OpenAI({ apiKey: 'none', baseURL: `${tapped.url}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: 'm', messages, stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) break;
    await sleep(200);
    const { response } = await tapped.records();
    assert.equal(response[0]?.['ended'], 'aborted by client');
    assert.equal(response[0]['datastatus'], 'aborted');
    assert.equal(response[0]['assembler'], 'openai.chat');
    assert.ok(text.startsWith(String(response[0]['eventstream'])));
  });

  it('a stream of no known API stays as it came', async () => {
    const text = 'event: tick\ndata: 1\n\nevent: tick\ndata: 2\n\n';
    await using server = await startStreamingModel(() => ({ text, delayMs: 5 }));
    await using tapped = await startTapped(Number(new URL(server.endpoint).port));
    assert.equal(await (await fetch(tapped.url)).text(), text);
    const { response } = await tapped.records();
    assert.equal(response[0]?.['assembler'], undefined);
    assert.equal(response[0]?.['datainblob'], 'true');
  });

  it('lines of JSON become an array', async () => {
    const text = '{"a":1.0}\n{"a":9007199254740993}\n';
    const contentType = 'application/x-ndjson';
    await using server = await startStreamingModel(() => ({ text, contentType }));
    await using tapped = await startTapped(Number(new URL(server.endpoint).port));
    assert.equal(await (await fetch(tapped.url)).text(), text);
    await tapped.system.finish();
    const [line = ''] = await tapped.system.lines('response');
    assert.ok(line.includes('"data":[{"a":1.0},{"a":9007199254740993}]'), line);
  });
});
