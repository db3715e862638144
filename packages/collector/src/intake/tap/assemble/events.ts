/** Assembles an event stream: finds out which API it speaks, and leaves the rest to the assembler of that API. */
import { scanJson } from '@gleaner/protocol';

import { createMessageAssembler } from './anthropic-message.ts';
import type { EventAssembler, EventAssemblerName, StreamEvent } from './event-assembler.ts';
import { createEventStream } from './event-stream.ts';
import type { EventStream, ServerSentEvent } from './event-stream.ts';
import { isObject, parseExact } from './exact-json.ts';
import { createChoicesAssembler } from './openai-choices.ts';
import { createResponseAssembler } from './openai-response.ts';
import { recognise } from './recognise.ts';
import type { Assembled, StreamAssembler } from './stream-assembler.ts';

export function createEventsAssembler(maxBytes: number): StreamAssembler {
  return new EventsAssembler(maxBytes);
}

/** Events that may come before the first that tells which API this is. */
const maxUnknownEvents = 8;

class EventsAssembler implements StreamAssembler {
  readonly #maxBytes: number;
  /** `undefined`: given up. */
  #stream: EventStream | undefined;
  #assembler: EventAssembler | undefined;
  #name: EventAssemblerName | undefined;
  /** Events before the API is known. */
  #early: StreamEvent[] = [];
  #earlyBytes = 0;
  #unknownEvents = 0;
  #isOver = false;
  #isDamaged = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#stream = createEventStream({ onEvent: (event) => this.#addEvent(event) });
  }

  get heldBytes(): number {
    if (this.#stream === undefined) return 0;
    return this.#stream.heldBytes + this.#earlyBytes + (this.#assembler?.heldBytes ?? 0);
  }

  push(bytes: Uint8Array): void {
    this.#stream?.push(bytes);
    if (this.heldBytes > this.#maxBytes) this.#giveUp();
  }

  end(): Assembled | undefined {
    const name = this.#name;
    const end = this.#assembler?.end();
    const isDamaged = this.#isDamaged || this.#stream?.isFailed === true;
    this.#giveUp();
    if (name === undefined || end === undefined) return undefined;
    const json = Buffer.from(end.json);
    // Half a character that no delta completed is no JSON for the readers of a record.
    if (!scanJson(json).valid) return undefined;
    return { assembler: name, json, isComplete: end.isComplete && !isDamaged };
  }

  #addEvent({ type, data }: ServerSentEvent): void {
    if (this.#stream === undefined || this.#isOver || data === '') return;
    if (data.length <= maxEndLength && data.trim() === '[DONE]') {
      this.#isOver = true;
      this.#assembler?.done();
      return;
    }
    const value = parseExact(data);
    if (!isObject(value)) {
      this.#isDamaged = true;
      if (this.#assembler === undefined) this.#wait();
    } else if (this.#assembler === undefined) this.#addEarly({ type, data, value });
    else this.#assembler.add({ type, data, value });
    if ((this.#assembler?.heldBytes ?? 0) > this.#maxBytes) this.#giveUp();
  }

  #addEarly(event: StreamEvent): void {
    const name = recognise(event.value);
    this.#early.push(event);
    if (name === undefined) return this.#wait(event.data.length);
    const assembler = createEventAssembler(name);
    this.#name = name;
    this.#assembler = assembler;
    for (const early of this.#early) assembler.add(early);
    this.#early = [];
    this.#earlyBytes = 0;
  }

  /** One more event that does not tell. */
  #wait(bytes = 0): void {
    // A value takes more than its text.
    this.#earlyBytes += bytes * 8;
    if (++this.#unknownEvents > maxUnknownEvents || this.heldBytes > this.#maxBytes) this.#giveUp();
  }

  #giveUp(): void {
    this.#stream = undefined;
    this.#assembler = undefined;
    this.#early = [];
    this.#earlyBytes = 0;
  }
}

/** `[DONE]` with some white space. */
const maxEndLength = 16;

function createEventAssembler(name: EventAssemblerName): EventAssembler {
  switch (name) {
    case 'openai.chat':
    case 'openai.completion':
      return createChoicesAssembler(name);
    case 'openai.response':
      return createResponseAssembler();
    case 'anthropic.message':
      return createMessageAssembler();
  }
}
