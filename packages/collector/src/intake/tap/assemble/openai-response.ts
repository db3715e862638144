/**
 * The Responses API of OpenAI. Its last event holds the whole response, whose bytes are taken as they are; a stream that was cut
 * before gives the response as far as its deltas came.
 */
import { objectMembers } from '@gleaner/protocol';

import { errorOf, indexOf } from './event-assembler.ts';
import type { EventAssembler, StreamEvent } from './event-assembler.ts';
import { isObject } from './exact-json.ts';
import type { JsonObject } from './exact-json.ts';
import { ObjectDraft } from './draft.ts';
import type { Held } from './draft.ts';

export function createResponseAssembler(): EventAssembler {
  return new ResponseAssembler();
}

const lastEvents: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

class ResponseAssembler implements EventAssembler {
  readonly #held: Held = { bytes: 0 };
  readonly #answer = new ObjectDraft(this.#held);
  /** The text of the response of the last event. */
  #whole: string | undefined;
  #isOver = false;

  get heldBytes(): number {
    return this.#held.bytes;
  }

  add(event: StreamEvent): void {
    const { type, response } = event.value;
    const error = errorOf(event);
    if (this.#isOver) return;
    if (error !== undefined) this.#answer.set('error', withoutEnvelope(error));
    else if (isObject(response)) this.#addResponse(event, response, lastEvents.has(type));
    else if (typeof type === 'string') addToItem(this.#answer, type, event.value);
  }

  done(): void {
    // Servers that only resemble the API say so, but it says nothing: the last event does.
  }

  end(): { json: string; isComplete: boolean } {
    if (this.#whole !== undefined) return { json: this.#whole, isComplete: true };
    const out: string[] = [];
    this.#answer.setDefault('object', 'response');
    this.#answer.list('output');
    this.#answer.write(out);
    return { json: out.join(''), isComplete: this.#isOver };
  }

  #addResponse({ data }: StreamEvent, response: JsonObject, isLast: boolean): void {
    this.#isOver = isLast;
    if (isLast && Array.isArray(response['output'])) {
      this.#answer.release();
      this.#whole = memberText(data, 'response');
      this.#held.bytes += this.#whole.length;
      return;
    }
    const output = this.#answer.list('output');
    for (const [name, value] of Object.entries(response)) {
      if (name !== 'output') this.#answer.set(name, value);
      else if (Array.isArray(value) && value.length >= output.nextIndex) {
        for (const [index, item] of value.entries()) output.set(index, item);
      }
    }
  }
}

/** Where a delta, and the value that ends it, belong. */
interface Target {
  /** The list of the item; the item itself when absent. */
  list?: 'content' | 'summary';
  member: string;
}

const targets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['output_text', { list: 'content', member: 'text' }],
  ['refusal', { list: 'content', member: 'refusal' }],
  ['reasoning_text', { list: 'content', member: 'text' }],
  ['reasoning_summary_text', { list: 'summary', member: 'text' }],
  ['function_call_arguments', { member: 'arguments' }],
  ['mcp_call_arguments', { member: 'arguments' }],
  ['custom_tool_call_input', { member: 'input' }],
  ['code_interpreter_call_code', { member: 'code' }],
]);

function addToItem(answer: ObjectDraft, type: string, event: JsonObject): void {
  const index = indexOf(event['output_index']);
  if (index === undefined) return;
  const output = answer.list('output');
  switch (type) {
    case 'response.output_item.added':
      return output.object(index).setAll(event['item']);
    case 'response.output_item.done':
      if (isObject(event['item'])) output.set(index, event['item']);
      return;
    case 'response.content_part.added':
    case 'response.reasoning_summary_part.added':
      return partOf(output.object(index), event)?.setAll(event['part']);
    case 'response.output_text.annotation.added':
      return partOf(output.object(index), event)?.append('annotations', [event['annotation'] ?? null]);
    default:
      addText(output.object(index), type, event);
  }
}

function addText(item: ObjectDraft, type: string, event: JsonObject): void {
  const [, name = '', ending] = /^response\.(\w+)\.(delta|done)$/.exec(type) ?? [];
  const target = targets.get(name);
  if (target === undefined) return;
  const draft = target.list === undefined ? item : partOf(item, event);
  const value = ending === 'delta' ? event['delta'] : event[target.member];
  if (typeof value !== 'string') return;
  if (ending === 'delta') draft?.append(target.member, value);
  else draft?.set(target.member, value);
  if (ending === 'delta' && Array.isArray(event['logprobs'])) draft?.append('logprobs', event['logprobs']);
}

function partOf(item: ObjectDraft, event: JsonObject): ObjectDraft | undefined {
  const summaryIndex = indexOf(event['summary_index']);
  if (summaryIndex !== undefined) return item.list('summary').object(summaryIndex);
  const contentIndex = indexOf(event['content_index']);
  return contentIndex === undefined ? undefined : item.list('content').object(contentIndex);
}

/** An `error` event is flat: the error stands beside its type. */
function withoutEnvelope(error: unknown): unknown {
  if (!isObject(error) || error['type'] !== 'error') return error;
  return Object.fromEntries(
    Object.entries(error).filter(([name]) => name !== 'type' && name !== 'sequence_number'),
  );
}

/** The text of a member, byte for byte. */
function memberText(text: string, wanted: string): string {
  const bytes = Buffer.from(text);
  let found = '';
  for (const { name, start, end } of objectMembers(bytes)) {
    if (name === wanted) found = bytes.toString('utf8', start, end);
  }
  return found;
}
