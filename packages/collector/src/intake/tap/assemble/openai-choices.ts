/**
 * Chat completions and completions of OpenAI, and of the many servers that speak like it: chunks whose `choices` grow. The
 * result is what the same request without `stream` would have been answered.
 */
import { errorOf, indexOf, objectsOf } from './event-assembler.ts';
import type { EventAssembler, StreamEvent } from './event-assembler.ts';
import { isObject } from './exact-json.ts';
import type { JsonObject } from './exact-json.ts';
import { ObjectDraft } from './draft.ts';
import type { Held } from './draft.ts';

export function createChoicesAssembler(kind: 'openai.chat' | 'openai.completion'): EventAssembler {
  return new ChoicesAssembler(kind === 'openai.chat');
}

class ChoicesAssembler implements EventAssembler {
  readonly #isChat: boolean;
  readonly #held: Held = { bytes: 0 };
  readonly #answer = new ObjectDraft(this.#held);
  /** Places of choices that have no finish reason yet. */
  readonly #unfinished = new Set<number>();
  readonly #choices = new Set<number>();
  /** Members of the answer as they were last seen. */
  readonly #last = new Map<string, unknown>();
  #isDone = false;
  #isDamaged = false;

  constructor(isChat: boolean) {
    this.#isChat = isChat;
  }

  get heldBytes(): number {
    return this.#held.bytes;
  }

  add(event: StreamEvent): void {
    const { value } = event;
    const error = errorOf(event);
    if (error !== undefined) {
      this.#answer.set('error', error);
      this.#isDamaged = true;
    }
    if (!Array.isArray(value['choices']) && value['usage'] === undefined) return;
    for (const [name, member] of Object.entries(value)) this.#addMember(name, member);
    for (const choice of objectsOf(value['choices'])) this.#addChoice(choice);
  }

  done(): void {
    this.#isDone = true;
  }

  end(): { json: string; isComplete: boolean } {
    const answer = this.#answer;
    answer.set('object', this.#isChat ? 'chat.completion' : 'text_completion');
    const choices = answer.list('choices');
    for (const index of this.#choices)
      if (this.#isChat) completeMessage(choices.object(index).object('message'));
    const out: string[] = [];
    answer.write(out);
    const isOver = this.#isDone || (this.#choices.size > 0 && this.#unfinished.size === 0);
    return { json: out.join(''), isComplete: isOver && !this.#isDamaged };
  }

  /** `obfuscation` is padding of the stream. The first and the last chunk of some servers have empty ids and models. */
  #addMember(name: string, value: unknown): void {
    if (name === 'choices') this.#answer.list('choices');
    else if (name !== 'obfuscation' && name !== 'error') {
      // Every chunk repeats the id, the model and more.
      if (this.#last.get(name) === value) return;
      const isBlank = value === null || value === '' || value === 0;
      if (isBlank && this.#answer.has(name)) return;
      this.#answer.set(name, value);
      if (isShort(value)) this.#last.set(name, value);
      else this.#last.delete(name);
    }
  }

  #addChoice(choice: JsonObject): void {
    const index = choice['index'] === undefined ? 0 : indexOf(choice['index']);
    if (index === undefined) {
      this.#isDamaged = true;
      return;
    }
    const draft = this.#answer.list('choices').object(index);
    if (!this.#choices.has(index)) {
      this.#choices.add(index);
      this.#unfinished.add(index);
      this.#held.bytes += choiceBytes;
      draft.set('index', index);
      if (!this.#isChat) draft.append('text', '');
      else draft.object('message');
      draft.set('logprobs', null);
      draft.set('finish_reason', null);
    }
    for (const [name, value] of Object.entries(choice)) {
      if (name === 'finish_reason' && value !== null) this.#unfinished.delete(index);
      this.#mergeMember(draft, name, value);
    }
  }

  #mergeMember(draft: ObjectDraft, name: string, value: unknown): void {
    if (name === 'index' || (this.#isChat && name === 'message')) return;
    if (name === 'delta' && this.#isChat) {
      if (isObject(value)) mergeDelta(draft.object('message'), value);
    } else if (name === 'logprobs' && isObject(value)) {
      const logprobs = draft.object('logprobs');
      for (const [list, entries] of Object.entries(value)) logprobs.append(list, entries);
    } else if (name === 'text' || value === null || Array.isArray(value)) draft.append(name, value);
    else draft.set(name, value);
  }
}

function isShort(value: unknown): boolean {
  return typeof value === 'string' ? value.length < 256 : typeof value !== 'object';
}

/** What this class knows about a choice beside its draft. */
const choiceBytes = 128;

/** Members that nobody has heard of grow like `content`. */
function mergeDelta(message: ObjectDraft, delta: JsonObject): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'role') setText(message, name, value);
    else if (name === 'tool_calls') mergeToolCalls(message, value);
    else if (name === 'function_call') {
      if (isObject(value)) mergeCall(message.object(name), value, 'arguments');
    } else if (name === 'audio') {
      if (isObject(value)) mergeAudio(message.object(name), value);
    } else message.append(name, value);
  }
}

function mergeToolCalls(message: ObjectDraft, deltas: unknown): void {
  if (!Array.isArray(deltas)) return;
  const calls = message.list('tool_calls');
  for (const delta of objectsOf(deltas)) {
    // Some servers send whole calls, without a place.
    const isNew = typeof delta['id'] === 'string' && delta['id'] !== '';
    const place = isNew ? calls.nextIndex : Math.max(0, calls.nextIndex - 1);
    const call = calls.object(indexOf(delta['index']) ?? place);
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'function' && isObject(value)) mergeCall(call.object(name), value, 'arguments');
      else if (name === 'custom' && isObject(value)) mergeCall(call.object(name), value, 'input');
      else if (name === 'id' || name === 'type') setText(call, name, value);
      else if (name !== 'index') call.append(name, value);
    }
  }
}

function mergeCall(call: ObjectDraft, delta: JsonObject, growing: 'arguments' | 'input'): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'name') setText(call, name, value);
    else if (name === growing) call.append(name, value);
    else if (value !== null) call.set(name, value);
  }
  if (!call.has(growing)) call.append(growing, '');
}

function mergeAudio(audio: ObjectDraft, delta: JsonObject): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'data' || name === 'transcript') audio.append(name, value);
    else if (value !== null) audio.set(name, value);
  }
}

/** Sent once, and by some servers again with every chunk, or empty. */
function setText(draft: ObjectDraft, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') draft.set(name, value);
}

/** What a message has always, when it is not streamed. */
function completeMessage(message: ObjectDraft): void {
  message.setDefault('role', 'assistant');
  message.setDefault('content', null);
  message.setDefault('refusal', null);
}
