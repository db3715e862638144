/** Messages of Anthropic: blocks of content that are opened, grow and are closed. */
import { scanJson } from '@gleaner/protocol';

import { errorOf, indexOf } from './event-assembler.ts';
import type { EventAssembler, StreamEvent } from './event-assembler.ts';
import { isObject } from './exact-json.ts';
import type { JsonObject } from './exact-json.ts';
import { ObjectDraft } from './draft.ts';
import type { Held } from './draft.ts';

/**
 * The `input` of a tool call is what its pieces of JSON are together. When they are no valid JSON (the model was cut, or erred)
 * it is a string with what came; otherwise it is never a string.
 */
export function createMessageAssembler(): EventAssembler {
  return new MessageAssembler();
}

class MessageAssembler implements EventAssembler {
  readonly #held: Held = { bytes: 0 };
  readonly #message = new ObjectDraft(this.#held);
  /** Pieces of the inputs of tools, by the place of their block; they are joined when the block is closed. */
  readonly #inputs = new ObjectDraft(this.#held);
  readonly #openInputs = new Set<number>();
  #isStarted = false;
  #isOver = false;
  #isDamaged = false;

  get heldBytes(): number {
    return this.#held.bytes;
  }

  add(event: StreamEvent): void {
    if (this.#isOver) return;
    const { value } = event;
    const error = errorOf(event);
    if (error !== undefined) {
      this.#message.set('error', error);
      this.#isDamaged = true;
      return;
    }
    switch (value['type']) {
      case 'message_start':
        return this.#start(value['message']);
      case 'content_block_start':
        return this.#startBlock(value);
      case 'content_block_delta':
        return this.#addDelta(value);
      case 'content_block_stop':
        return this.#closeInput(indexOf(value['index']));
      case 'message_delta':
        return this.#changeMessage(value);
      case 'message_stop':
        this.#isOver = this.#isStarted;
        return;
      default:
      // `ping`, and what is added to the API some day.
    }
  }

  done(): void {
    // Servers that only resemble the API say so, but it says nothing: `message_stop` does.
  }

  end(): { json: string; isComplete: boolean } {
    for (const index of this.#openInputs) this.#closeInput(index);
    const out: string[] = [];
    this.#message.write(out);
    return { json: out.join(''), isComplete: this.#isOver && !this.#isDamaged };
  }

  #start(message: unknown): void {
    if (this.#isStarted) this.#isDamaged = true;
    else this.#message.setAll(message);
    this.#isStarted = true;
    this.#message.list('content');
  }

  #startBlock({ index, content_block: block }: JsonObject): void {
    const at = indexOf(index);
    if (at === undefined || !isObject(block)) this.#isDamaged = true;
    else this.#message.list('content').object(at).setAll(block);
  }

  #addDelta({ index, delta }: JsonObject): void {
    const at = indexOf(index);
    const content = this.#message.list('content');
    if (at === undefined || !isObject(delta) || !content.has(at)) {
      this.#isDamaged = true;
      return;
    }
    const block = content.object(at);
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'partial_json') {
        this.#inputs.append(String(at), value);
        this.#openInputs.add(at);
      } else if (name === 'citation') block.append('citations', [value]);
      else if (name === 'signature') block.set(name, value);
      // `text`, `thinking`, and what other kinds of blocks grow by.
      else if (name !== 'type') block.append(name, value);
    }
  }

  #closeInput(index: number | undefined): void {
    if (index === undefined || !this.#openInputs.delete(index)) return;
    const text = this.#inputs.text(String(index)) ?? '';
    this.#inputs.set(String(index), null);
    if (text === '') return;
    const block = this.#message.list('content').object(index);
    if (scanJson(Buffer.from(text)).valid) block.setJson('input', text);
    else block.set('input', text);
  }

  /** Counts of `usage` are those of the whole message, and left out where they do not apply. */
  #changeMessage({ type: _type, delta, usage, ...others }: JsonObject): void {
    this.#message.setAll(delta);
    this.#message.setAll(others);
    if (!isObject(usage)) return;
    const counts = this.#message.object('usage');
    for (const [name, value] of Object.entries(usage)) if (value !== null) counts.set(name, value);
  }
}
