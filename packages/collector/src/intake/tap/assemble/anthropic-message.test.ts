import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { assemble, assembleEvents, fixture } from './fixtures/assemble-text.ts';

describe('anthropic.message', () => {
  const start = { type: 'message_start', message: { id: 'm', content: [], usage: { input_tokens: 3 } } };
  const toolUse = { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', input: {} } };
  const stop = { type: 'content_block_stop', index: 0 };

  it('keeps the input of a tool as the model wrote it', () => {
    const events = [
      start,
      toolUse,
      piece('{"a": 1'),
      piece('.0, "b":12345678901234567890}'),
      stop,
      { type: 'message_stop' },
    ];
    const result = assemble(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
    assert.ok(result?.text.includes('"input":{"a": 1.0, "b":12345678901234567890}'), result?.text);
  });

  it('gives an input that is no JSON as a string', () => {
    for (const events of [[stop, { type: 'message_stop' }], []]) {
      const result = assembleEvents(start, toolUse, piece('{"a": '), piece('"b'), ...events);
      assert.deepEqual(result, {
        isComplete: events.length > 0,
        value: { id: 'm', content: [{ type: 'tool_use', input: '{"a": "b' }], usage: { input_tokens: 3 } },
      });
    }
  });

  it('goes on from what a block starts with', () => {
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'a' } };
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'b' } };
    const { value } = assembleEvents(start, block, delta) ?? {};
    assert.partialDeepStrictEqual(value, { content: [{ type: 'text', text: 'ab' }] });
  });

  it('takes what is said of the whole message, the last signature, and no count that does not apply', () => {
    const block = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', signature: '' },
    };
    const signatures = ['s', 't'].map((signature) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'signature_delta', signature },
    }));
    const usage = { input_tokens: null, output_tokens: 5 };
    const change = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage,
      context_management: {},
    };
    assert.deepEqual(assembleEvents(start, block, ...signatures, change, { type: 'message_stop' }), {
      isComplete: true,
      value: {
        id: 'm',
        content: [{ type: 'thinking', signature: 't' }],
        usage: { input_tokens: 3, output_tokens: 5 },
        stop_reason: 'end_turn',
        context_management: {},
      },
    });
  });

  it('keeps to the first message, and says when there was another', () => {
    const other = { type: 'message_start', message: { id: 'n', content: [] } };
    const result = assembleEvents(start, other, { type: 'message_stop' });
    assert.equal(result?.isComplete, false);
    assert.partialDeepStrictEqual(result.value, { id: 'm' });
  });

  it('keeps an error that came in the midst', () => {
    const value = JSON.parse(assemble(fixture('message-error.sse'))?.text ?? '') as object;
    assert.partialDeepStrictEqual(value, {
      content: [{ type: 'text', text: 'Half' }],
      error: { type: 'overloaded_error', message: 'Overloaded' },
    });
  });

  it('joins kinds of deltas that it does not know, and leaves deltas of no block', () => {
    const block = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'compaction', content: null },
    };
    const result = assembleEvents(start, block, unknown(0, 'a'), unknown(0, 'b'), { type: 'message_stop' });
    assert.equal(result?.isComplete, true);
    assert.partialDeepStrictEqual(result.value, { content: [{ type: 'compaction', content: 'ab' }] });
    assert.equal(assembleEvents(start, block, unknown(1, 'a'), { type: 'message_stop' })?.isComplete, false);
  });
});

const piece = (text: string): unknown => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'input_json_delta', partial_json: text },
});
const unknown = (index: number, content: string): unknown => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'compaction_delta', content },
});
