import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  assemble,
  assembleEvents,
  chatChunk,
  chatDelta,
  fixture,
  messageOf,
} from './fixtures/assemble-text.ts';

describe('openai.chat', () => {
  it('keeps numbers as they are written', () => {
    const text = assemble(fixture('chat-reasoning.sse'))?.text ?? '';
    assert.match(text, /"seed":12345678901234567890,"rate":1\.0,"cost":1E2/);
    assert.match(text, /"logprob":1\.0,/);
  });

  it('joins members that it does not know', () => {
    const result = assemble(fixture('chat-reasoning.sse'));
    const { choices } = JSON.parse(result?.text ?? '') as {
      choices: { message: object; token_ids: number[] }[];
    };
    assert.deepEqual(choices[0]?.message, {
      role: 'assistant',
      content: 'The sum is 4.',
      reasoning_content: 'First, add 2 and 2.',
      refusal: null,
    });
    assert.deepEqual(choices[0].token_ids, [5, 5]);
  });

  it('keeps the order of text and parts of content', () => {
    const thinking = { type: 'thinking', thinking: [] };
    const result = assembleEvents(
      ...[[thinking], 'a', 'b', [thinking], ''].map((content) => chatChunk(chatDelta({ content }))),
      '[DONE]',
    );
    assert.partialDeepStrictEqual(messageOf(result), { content: [thinking, 'ab', thinking, ''] });
    const other = assembleEvents(
      ...['', 'a', [thinking]].map((content) => chatChunk(chatDelta({ content }))),
      '[DONE]',
    );
    assert.partialDeepStrictEqual(messageOf(other), { content: ['a', thinking] });
  });

  it('takes tool calls without a place, and choices without one', () => {
    const result = assembleEvents(
      ...[[call('a', '1')], [call('b', '2'), { function: { arguments: '3' } }]].map((calls) => ({
        object: 'chat.completion.chunk',
        choices: [{ delta: { tool_calls: calls } }],
      })),
      '[DONE]',
    );
    assert.partialDeepStrictEqual(messageOf(result), { tool_calls: [call('a', '1'), call('b', '23')] });
  });

  it('is known by its deltas when the server names it otherwise', () => {
    const result = assemble('data: {"choices":[{"delta":{"content":"a"}}],"object":"chat.completion"}\n\n');
    assert.equal(result?.assembler, 'openai.chat');
  });

  it('is complete without [DONE] when every choice has a finish reason', () => {
    const begin = chatChunk(chatDelta({ content: 'a' }), chatDelta({ content: 'b' }, 1));
    assert.equal(assembleEvents(begin, finish(0))?.isComplete, false);
    assert.equal(assembleEvents(begin, finish(0), finish(1))?.isComplete, true);
  });

  it('keeps the last that a chunk says of the whole answer', () => {
    const said = ['a', { b: 1 }, 'a'].map((tier) => ({
      choices: [],
      object: 'chat.completion.chunk',
      service_tier: tier,
    }));
    const result = assembleEvents(...said, chatChunk(), '[DONE]');
    assert.partialDeepStrictEqual(result?.value, { service_tier: 'a', choices: [] });
  });

  it('is complete with [DONE], and never after an error', () => {
    const begin = chatChunk(chatDelta({ content: 'a' }));
    const error = { error: { message: 'm' } };
    assert.equal(assembleEvents(begin, '[DONE]')?.isComplete, true);
    assert.equal(assembleEvents(begin, error, '[DONE]')?.isComplete, false);
    assert.equal(assembleEvents(begin, { object: 'error', message: 'm' }, finish(0))?.isComplete, false);
    assert.equal(assembleEvents(begin, { ...error, choices: [finishedChoice(0)] })?.isComplete, false);
  });

  it('gives choices in the order of their places, with what a message always has', () => {
    const result = assembleEvents(
      chatChunk(chatDelta({}, 1)),
      chatChunk(chatDelta({ content: 'a' })),
      '[DONE]',
    );
    const message = { role: 'assistant', content: null, refusal: null };
    const choice = { index: 0, message, logprobs: null, finish_reason: null };
    assert.partialDeepStrictEqual(result?.value, {
      choices: [
        { ...choice, message: { ...message, content: 'a' } },
        { ...choice, index: 1 },
      ],
    });
  });

  it('keeps what a tool call is when later deltas leave it empty, and gives it arguments', () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f' } };
    const later = { index: 0, id: '', type: null, function: { name: '', arguments: null } };
    const result = assembleEvents(
      ...[call, later].map((each) => chatChunk(chatDelta({ tool_calls: [each] }))),
      '[DONE]',
    );
    const expected = { id: 'a', type: 'function', function: { name: 'f', arguments: '' } };
    assert.partialDeepStrictEqual(messageOf(result), { tool_calls: [expected] });
  });

  it('joins audio', () => {
    const audio = [
      { id: 'a', transcript: 'Hi' },
      { data: 'AA' },
      { data: 'BB', transcript: ' you' },
      { expires_at: 9 },
    ];
    const result = assembleEvents(...audio.map((each) => chatChunk(chatDelta({ audio: each }))), '[DONE]');
    const expected = { id: 'a', transcript: 'Hi you', data: 'AABB', expires_at: 9 };
    assert.partialDeepStrictEqual(messageOf(result), { audio: expected });
  });

  it('keeps an error that came in the midst', () => {
    const result = assemble(fixture('chat-error.sse'));
    const value = JSON.parse(result?.text ?? '') as { error: { type: string } };
    assert.equal(value.error.type, 'server_error');
    assert.partialDeepStrictEqual(messageOf({ value }), { content: 'Half an' });
  });

  it('keeps the id and the model of the chunks that have one', () => {
    const usage = { total_tokens: 3 };
    const last = [usage, null].map((count) => ({ id: '', created: 0, model: '', choices: [], usage: count }));
    const text = fixture('chat-azure.sse').replace(
      'data: [DONE]',
      last.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''),
    );
    const value = JSON.parse(assemble(text)?.text ?? '') as object;
    assert.partialDeepStrictEqual(value, { usage });
    const { id, model, created, object, prompt_filter_results: filters } = value as Record<string, unknown>;
    assert.deepEqual(
      [id, model, created, object],
      ['chatcmpl-BqZ7xKq2cR5dN1', 'gpt-4o-mini-2024-07-18', 1_750_931_640, 'chat.completion'],
    );
    assert.ok(Array.isArray(filters));
  });
});

const call = (id: string, piece: string): unknown => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: piece },
});

function finish(index: number): unknown {
  return chatChunk(finishedChoice(index));
}

function finishedChoice(index: number): unknown {
  return { index, delta: {}, finish_reason: 'stop' };
}
