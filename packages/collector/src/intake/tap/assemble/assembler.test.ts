import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { createAssembler } from './assembler.ts';
import {
  assemble,
  assembleEvents,
  chatChunk,
  chatDelta,
  cutAt,
  fixture,
  fixtures,
  messageOf,
} from './fixtures/assemble-text.ts';

describe('createAssembler', () => {
  it('knows what can be assembled by its content type', () => {
    for (const type of [
      'text/event-stream',
      'Text/Event-Stream; charset=utf-8',
      'application/x-ndjson',
      'application/jsonl',
    ]) {
      assert.notEqual(createAssembler(type), undefined, type);
    }
    for (const type of [
      undefined,
      '',
      'application/json',
      'text/plain',
      'application/vnd.amazon.eventstream',
    ]) {
      assert.equal(createAssembler(type), undefined, type);
    }
  });

  for (const name of fixtures) {
    it(`gives the same for ${name} however it is cut, and whatever ends its lines`, () => {
      const text = fixture(name);
      const whole = assemble(text);
      assert.ok(whole);
      assert.equal(whole.isComplete, !name.includes('error'));
      assert.deepEqual(assemble(text.replaceAll('\n', '\r\n')), whole);
      assert.deepEqual(assemble(text.replaceAll('\n', '\r')), whole);
      const bytes = Buffer.from(text);
      assert.deepEqual(assemble([...bytes].map((byte) => Uint8Array.of(byte))), whole);
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 20 }), (places) => {
          assert.deepEqual(assemble(cutAt(bytes, places)), whole);
        }),
        { numRuns: 15 },
      );
    });

    it(`gives what came of ${name} when it is cut off, and says so`, () => {
      const bytes = Buffer.from(fixture(name));
      const events = fixture(name).split('\n\n');
      const lastEvents = name.startsWith('chat') || name === 'completion.sse' ? 3 : 1;
      for (let length = 0; length < bytes.length; length += 31) {
        const result = assemble([bytes.subarray(0, length)]);
        const isNearEnd = length > Buffer.byteLength(events.slice(0, -1 - lastEvents).join('\n\n'));
        if (!isNearEnd) assert.notEqual(result?.isComplete, true, String(length));
      }
    });
  }

  const named: [string, unknown][] = [
    ['openai.chat', { object: 'chat.completion.chunk', choices: [] }],
    ['openai.chat', { object: 'chat.completion', choices: [{ delta: { content: 'a' } }], error: null }],
    ['openai.completion', { object: 'text_completion', choices: [] }],
    ['openai.completion', { choices: [{ text: 'a' }] }],
    ['openai.response', { type: 'response.in_progress', response: {} }],
    ['anthropic.message', { type: 'message_start', message: {} }],
  ];
  for (const [name, event] of named) {
    it(`knows ${name} by ${JSON.stringify(event)}`, () => {
      const result = assemble(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
      assert.equal(result?.assembler, name);
      assert.equal(result.isComplete, name === 'openai.chat' || name === 'openai.completion');
    });
  }

  it('reads nothing behind [DONE]', () => {
    const after = chatChunk(chatDelta({ content: 'b' }));
    const result = assembleEvents(chatChunk(chatDelta({ content: 'a' })), ' [DONE]', after);
    assert.partialDeepStrictEqual(messageOf(result), { content: 'a' });
  });

  it('leaves streams of unknown APIs', () => {
    assert.equal(assemble('data: {"token":{"text":"a"}}\n\n'.repeat(20)), undefined);
    assert.equal(assemble('data: hello\n\n'.repeat(3)), undefined);
    assert.equal(assemble('<html>'), undefined);
    assert.equal(assemble(''), undefined);
  });

  it('looks at the first events only', () => {
    const result = assemble(`${'data: {"token":1}\n\n'.repeat(9)}${fixture('chat-text.sse')}`);
    assert.equal(result, undefined);
    assert.notEqual(assemble(`${'data: {"token":1}\n\n'.repeat(8)}${fixture('chat-text.sse')}`), undefined);
  });

  it('gives up above its limit, at any cut, and holds nothing more', () => {
    const event = `data: ${JSON.stringify(chatChunk(chatDelta({ content: 'x'.repeat(500) })))}\n\n`;
    for (const text of [
      event.repeat(30),
      `data: ${'x'.repeat(15_000)}`,
      `data: {"a":"${'x'.repeat(2000)}"}\n\n`.repeat(8),
    ]) {
      for (const step of [100, 1_000_000]) {
        const assembler = createAssembler('text/event-stream', { maxBytes: 10_000 });
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += step) assembler?.push(bytes.subarray(at, at + step));
        assert.equal(assembler?.heldBytes, 0);
        assembler.push(Buffer.from(fixture('chat-text.sse')));
        assert.equal(assembler.end(), undefined);
      }
    }
  });

  it('gives up as soon as it holds too much, though less is left in the end', () => {
    const delta = {
      type: 'response.custom_tool_call_input.delta',
      output_index: 0,
      delta: 'x'.repeat(15_000),
    };
    const response = { output: [] };
    const events = [{ type: 'response.created', response }, delta, { type: 'response.completed', response }];
    const assembler = createAssembler('text/event-stream', { maxBytes: 10_000 });
    assembler?.push(Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')));
    assert.equal(assembler?.end(), undefined);
  });

  it('says what it holds, with many small pieces, and forgets what it joined', () => {
    const assembler = createAssembler('text/event-stream');
    const event = Buffer.from(`data: ${JSON.stringify(chatChunk(chatDelta({ content: 'x' })))}\n\n`);
    for (let i = 0; i < 10_000; i++) assembler?.push(event);
    const heldBytes = assembler?.heldBytes ?? 0;
    assert.ok(heldBytes > 10_000 && heldBytes < 50_000, String(heldBytes));
    assert.ok(Buffer.from(assembler?.end()?.json ?? '').includes('x'.repeat(10_000)));
    assert.equal(assembler?.heldBytes, 0);
  });

  it('holds the last of what is said again and again', () => {
    const assembler = createAssembler('text/event-stream');
    for (let i = 0; i < 1000; i++) {
      const event = { object: 'chat.completion.chunk', choices: [], usage: { total_tokens: i } };
      assembler?.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
    }
    assert.ok((assembler?.heldBytes ?? Infinity) < 1000);
  });

  it('gives what came before an event that is too large', () => {
    const large = chatChunk(chatDelta({ content: 'x'.repeat(1024 * 1024) }));
    const result = assembleEvents(
      chatChunk(chatDelta({ content: 'a' })),
      large,
      chatChunk({ index: 0, delta: {}, finish_reason: 'stop' }),
      '[DONE]',
    );
    assert.equal(result?.isComplete, false);
    assert.partialDeepStrictEqual(messageOf(result), { content: 'a' });
  });

  it('leaves out an event that is no JSON, and says so', () => {
    const result = assembleEvents(
      chatChunk(chatDelta({ content: 'a' })),
      '{"choices":',
      chatChunk({ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }),
      '[DONE]',
    );
    assert.equal(result?.isComplete, false);
    assert.partialDeepStrictEqual(messageOf(result), { content: 'ab' });
  });

  it('joins a character whose halves came in two deltas, and gives nothing when one never came', () => {
    const events = [
      chatChunk(chatDelta({ content: '\ud83c' })),
      chatChunk(chatDelta({ content: '\udf09' })),
      '[DONE]',
    ];
    assert.partialDeepStrictEqual(messageOf(assembleEvents(...events)), { content: '🌉' });
    assert.equal(assembleEvents(...events.slice(0, 1), '[DONE]'), undefined);
  });
});
