/** What the real clients make of a stream is what is assembled from the same bytes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { startStreamingModel } from '@gleaner/testkit';
import type { StreamingModel } from '@gleaner/testkit';
import OpenAI from 'openai';

import { createAssembler } from './assembler.ts';

let model: StreamingModel;
let openai: OpenAI;
let anthropic: Anthropic;

before(async () => {
  // The path says which fixture is served: /chat-text/chat/completions; half of it: /chat-text.half/…
  model = await startStreamingModel((path) => {
    const [name = '', half] = (path.split('/')[1] ?? '').split('.');
    const text = fixture(name);
    return half === undefined ? { text, delayMs: 1 } : { text: text.slice(0, text.length / 2), isCut: true };
  });
});
after(() => model[Symbol.asyncDispose]());

function serve(name: string): void {
  const options = { apiKey: 'none', baseURL: `${model.endpoint}/${name}`, maxRetries: 0 };
  openai = new OpenAI(options);
  anthropic = new Anthropic(options);
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.sse`, import.meta.url), 'utf8');
}

function assembled(name: string, part = 1): { assembler: string; isComplete: boolean; value: unknown } {
  const assembler = createAssembler('text/event-stream');
  const text = fixture(name);
  assembler?.push(Buffer.from(text.slice(0, text.length * part)));
  const result = assembler?.end();
  assert.ok(result);
  return { ...result, value: plain(JSON.parse(Buffer.from(result.json).toString())) };
}

/** As it would be sent, without members that the clients add to what the API says. */
function plain(value: unknown, ...added: readonly string[]): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, member: unknown) => (added.includes(name) ? undefined : member)),
  );
}

describe('openai.chat, as the client of OpenAI assembles it', () => {
  for (const name of [
    'chat-text',
    'chat-tools',
    'chat-function',
    'chat-refusal',
    'chat-choices',
    'chat-azure',
  ]) {
    it(name, async () => {
      serve(name);
      const stream = openai.chat.completions.stream({ model: 'm', messages: [] });
      const completion = plain(await stream.finalChatCompletion(), 'parsed', 'parsed_arguments');
      const { value, isComplete, assembler } = assembled(name);
      assert.deepEqual(value, completion);
      assert.deepEqual({ isComplete, assembler }, { isComplete: true, assembler: 'openai.chat' });
    });
  }

  it('chat-reasoning, but for members that the client does not join', async () => {
    serve('chat-reasoning');
    const stream = openai.chat.completions.stream({ model: 'm', messages: [] });
    const own = ['reasoning_content', 'token_ids', 'parsed'];
    const completion = plain(await stream.finalChatCompletion(), ...own);
    assert.deepEqual(plain(assembled('chat-reasoning').value, ...own), completion);
  });

  it('chat-error, which the client refuses', async () => {
    serve('chat-error');
    const stream = openai.chat.completions.stream({ model: 'm', messages: [] });
    await assert.rejects(stream.finalChatCompletion());
    assert.equal(assembled('chat-error').isComplete, false);
  });
});

it('openai.completion has what the chunks have that the client of OpenAI reads', async () => {
  serve('completion');
  const texts: string[] = [];
  const tokens: string[][] = [];
  const chunks = await openai.completions.create({ model: 'm', prompt: '', stream: true });
  for await (const chunk of chunks) {
    for (const { index, text, logprobs } of chunk.choices) {
      texts[index] = (texts[index] ?? '') + text;
      tokens[index] = [...(tokens[index] ?? []), ...(logprobs?.tokens ?? [])];
    }
  }
  const { value, isComplete, assembler } = assembled('completion');
  const completion = value as OpenAI.Completion;
  assert.deepEqual(
    completion.choices.map(({ text }) => text),
    texts,
  );
  assert.deepEqual(
    completion.choices.map(({ logprobs }) => logprobs?.tokens),
    tokens,
  );
  assert.deepEqual(
    completion.choices.map(({ finish_reason: reason }) => reason),
    ['stop', 'length'],
  );
  assert.equal(completion.object, 'text_completion');
  assert.equal(completion.usage?.total_tokens, 12);
  assert.deepEqual({ isComplete, assembler }, { isComplete: true, assembler: 'openai.completion' });
});

describe('openai.response, as the client of OpenAI assembles it', () => {
  for (const name of ['response-text', 'response-tools']) {
    it(name, async () => {
      serve(name);
      const stream = openai.responses.stream({ model: 'm', input: '' });
      const added = ['parsed', 'parsed_arguments', 'output_parsed', 'output_text'];
      const response = plain(await stream.finalResponse(), ...added);
      const { value, isComplete, assembler } = assembled(name);
      assert.deepEqual(value, response);
      assert.deepEqual({ isComplete, assembler }, { isComplete: true, assembler: 'openai.response' });
    });
  }
});

describe('anthropic.message, as the client of Anthropic assembles it', () => {
  for (const name of ['message-tools', 'message-citations']) {
    it(name, async () => {
      serve(name);
      const stream = anthropic.messages.stream({ model: 'm', max_tokens: 1, messages: [] });
      const message = plain(await stream.finalMessage(), 'parsed_output');
      const { value, isComplete, assembler } = assembled(name);
      assert.deepEqual(value, message);
      assert.deepEqual({ isComplete, assembler }, { isComplete: true, assembler: 'anthropic.message' });
    });
  }

  it('message-error, which the client refuses', async () => {
    serve('message-error');
    const stream = anthropic.messages.stream({ model: 'm', max_tokens: 1, messages: [] });
    await assert.rejects(stream.finalMessage());
    assert.equal(assembled('message-error').isComplete, false);
  });
});

describe('a stream that is cut, which the clients refuse', () => {
  it('chat-text', async () => {
    serve('chat-text.half');
    const stream = openai.chat.completions.stream({ model: 'm', messages: [] });
    await assert.rejects(stream.finalChatCompletion());
    assert.equal(assembled('chat-text', 0.5).isComplete, false);
  });

  it('message-tools', async () => {
    serve('message-tools.half');
    const stream = anthropic.messages.stream({ model: 'm', max_tokens: 1, messages: [] });
    await assert.rejects(stream.finalMessage());
    assert.equal(assembled('message-tools', 0.5).isComplete, false);
  });
});
