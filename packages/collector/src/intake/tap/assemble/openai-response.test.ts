import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { assemble, assembleEvents, fixture } from './fixtures/assemble-text.ts';

describe('openai.response', () => {
  it('takes over the response of the last event byte for byte', () => {
    const text = fixture('response-text.sse').replace(
      '"top_p":1.0,"truncation":"disabled","usage":{"in',
      '"top_p" : 1.0,"truncation":"disabl\\u0065d","usage":{"in',
    );
    const [, response = ''] = /"type":"response.completed".*?"response":(\{.*\})\}\n/.exec(text) ?? [];
    assert.match(response, /"top_p" : 1\.0,"truncation":"disabl\\u0065d"/);
    assert.equal(assemble(text)?.text, response);
  });

  for (const name of ['response-text.sse', 'response-tools.sse']) {
    it(`builds the output of ${name} from its deltas as far as they came`, () => {
      const whole = JSON.parse(assemble(fixture(name))?.text ?? '') as { output: unknown };
      const events = fixture(name).split('\n\n').slice(0, -2);
      const built = assemble(`${events.join('\n\n')}\n\n`);
      assert.equal(built?.isComplete, false);
      assert.deepEqual((JSON.parse(built.text) as typeof whole).output, whole.output);
      // Without the events that repeat what the deltas gave: all but the status is the same.
      const deltas = events.filter((event) => !/^event: \S*(done)\n/.test(event));
      const fromDeltas = JSON.parse(assemble(`${deltas.join('\n\n')}\n\n`)?.text ?? '') as typeof whole;
      assert.deepEqual(withoutStatus(fromDeltas.output), withoutStatus(whole.output));
    });
  }

  it('takes its output from the deltas when the last event has none', () => {
    const text = fixture('response-text.sse');
    const whole = JSON.parse(assemble(text)?.text ?? '') as object;
    const last = text.lastIndexOf('event: response.completed');
    const event = `data: ${JSON.stringify({ type: 'response.completed', response: { ...whole, output: undefined } })}\n\n`;
    const result = assemble(text.slice(0, last) + event);
    assert.equal(result?.isComplete, true);
    assert.deepEqual(JSON.parse(result.text), whole);
  });

  for (const status of ['completed', 'incomplete', 'failed']) {
    it(`is over when the response is ${status}`, () => {
      const begin = { type: 'response.created', response: { status: 'in_progress', output: [] } };
      const response = { status, output: [] };
      const end = { type: `response.${status}`, response };
      assert.deepEqual(assembleEvents(begin, end, begin), { isComplete: true, value: response });
    });
  }

  it('joins the deltas of every kind of item', () => {
    const logprobs = [{ token: 'a', logprob: -0.5 }];
    const result = assembleEvents(
      { type: 'response.created', response: { output: [] } },
      ...at({}, 'function_call_arguments', 'custom_tool_call_input', 'code_interpreter_call_code'),
      ...at({ output_index: 1 }, 'mcp_call_arguments'),
      ...at({ content_index: 0 }, 'reasoning_text'),
      ...at({ content_index: 1, logprobs }, 'output_text'),
      ...at({ summary_index: 0 }, 'reasoning_summary_text'),
      ...at({}, 'unheard_of'),
    );
    assert.partialDeepStrictEqual(result?.value, {
      output: [
        {
          arguments: 'ab',
          input: 'ab',
          code: 'ab',
          content: [{ text: 'ab' }, { text: 'ab', logprobs: [...logprobs, ...logprobs] }],
          summary: [{ text: 'ab' }],
        },
        { arguments: 'ab' },
      ],
    });
  });

  it('keeps an error', () => {
    const result = assembleEvents(
      { type: 'response.created', response: { id: 'r', output: [] } },
      { type: 'error', sequence_number: 1, code: 'x', message: 'm', param: null },
    );
    assert.deepEqual(result, {
      isComplete: false,
      value: { id: 'r', output: [], object: 'response', error: { code: 'x', message: 'm', param: null } },
    });
  });
});

function withoutStatus(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, member: unknown) => (name === 'status' ? undefined : member)),
  );
}

/** Two deltas of each of these kinds, for the first item. */
function at(place: object, ...names: string[]): object[] {
  return names.flatMap((name) =>
    ['a', 'b'].map((delta) => ({ type: `response.${name}.delta`, output_index: 0, delta, ...place })),
  );
}
