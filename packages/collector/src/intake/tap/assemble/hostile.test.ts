import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { assemble, chatChunk } from './fixtures/assemble-text.ts';

describe('createAssembler', () => {
  it('never throws, and gives valid JSON, whatever comes', () => {
    const word = fc.constantFrom(
      'id',
      'object',
      'choices',
      'delta',
      'index',
      'text',
      'content',
      'tool_calls',
      'function',
      'arguments',
      'name',

      'logprobs',
      'usage',
      'type',
      'message',
      'content_block',
      'partial_json',
      'input',
      'item',
      'output_index',
      'part',

      'response',
      'output',
      'content_index',
      'error',
      '__proto__',
      'constructor',
      'toJSON',
      'function_call',
      'audio',
    );
    const kind = fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',

      'response.created',
      'response.output_item.added',
      'response.output_text.delta',
      'response.completed',

      'response.content_part.added',
      'response.output_item.done',
      'chat.completion.chunk',
      'text_completion',
    );
    const { value } = fc.letrec<{ value: unknown; object: unknown; list: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, 0, 1, -1, 1.5, 3e9, true, '', 'a', '\ud800', '\udc00'),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('object'), { maxLength: 3 }),
      object: fc.dictionary(fc.oneof(word, fc.string({ maxLength: 2 })), tie('value'), { maxKeys: 4 }),
    }));
    const event = fc.record(
      {
        type: kind,
        object: kind,
        index: fc.nat(2),
        choices: value,
        message: value,
        delta: value,
        content_block: value,
        response: value,
        item: value,
        part: value,
        output_index: fc.nat(2),
        content_index: fc.nat(2),
        usage: value,
      },
      { requiredKeys: [] },
    );
    const starts = fc.constantFrom(
      chatChunk(),
      { type: 'message_start', message: {} },
      { type: 'response.created', response: {} },
      { object: 'text_completion', choices: [] },
    );
    let assembled = 0;
    fc.assert(
      fc.property(starts, fc.array(event, { maxLength: 8 }), (start, events) => {
        const text = [start, ...events].map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
        if (assemble(text) !== undefined) assembled++;
      }),
      { numRuns: 1000 },
    );
    assert.ok(assembled > 100, `${assembled} of 1000`);
  });
});
