/** One request of a connection, from its head to its answer. */
import type { DropReason, Extension } from '@gleaner/protocol';

import type { Acceptance, AdmittedEvent, CapturedBody, Door, EventHead } from '../flow.ts';
import type { RequestHead } from '../http1/head.ts';
import {
  acceptanceRefusal,
  dropRefusal,
  methodNotAllowed,
  notFound,
  okAnswer,
  refusalAnswer,
  unauthorized,
} from './answers.ts';
import type { Refusal } from './answers.ts';
import { BodyBuffer } from './body.ts';
import type { Turn } from './budget.ts';
import { eventMode, readBinaryEvent, readStructuredEvents } from './cloudevents.ts';
import type { EventMode, StructuredEvent } from './cloudevents.ts';
import { readModeldata } from './modeldata.ts';
import type { TypeReader } from './modeldata.ts';

export interface ExchangeOptions {
  door: Door;
  events: IntakeEvents;
  readType: TypeReader;
  isAuthorized(head: RequestHead): boolean;
  now: () => number;
  /** More than this of a body goes to a file. Structured events are read in memory and may not be larger. */
  maxMemoryBytes: number;
  maxStructuredBytes: number;
}

export interface IntakeEvents {
  /** A record that was not taken, or not wanted; `head` is missing when it could not be read. */
  dropped(reason: DropReason, head?: EventHead): void;
}

/** The connection. */
export interface ExchangeOwner {
  /** A body comes faster than it can be written. */
  onPressure(isHigh: boolean): void;
  /** An answer is there; it may not be its turn yet. */
  onAnswer(): void;
}

interface Structured {
  mode: Exclude<EventMode, 'binary'>;
  head: RequestHead;
}

const noExtensions: Extension[] = [];

/** Bytes waiting for a file above which the sender is held back. */
const highWaterBytes = 1024 * 1024;

export class Exchange {
  /** Whether the connection may carry another request after this one. */
  readonly keepAlive: boolean;
  /** What to write, once it is known. */
  answer: Buffer | undefined;
  /** Memory that its connection set aside for the body. */
  turn: Turn | undefined;
  readonly #options: ExchangeOptions;
  readonly #owner: ExchangeOwner;
  /** Not needed any more once the body is complete: hundreds of exchanges may wait for the disk. */
  #head: RequestHead | undefined;
  #event: AdmittedEvent | undefined;
  #eventHead: EventHead | undefined;
  #structured: Exclude<EventMode, 'binary'> | undefined;
  #body: BodyBuffer | undefined;
  #verdict: Refusal | 'ok' | undefined;
  #isUnderPressure = false;

  constructor(head: RequestHead, options: ExchangeOptions, owner: ExchangeOwner) {
    this.keepAlive = head.keepAlive;
    this.#head = head;
    this.#options = options;
    this.#owner = owner;
    this.#route(head);
    if (this.#verdict !== undefined) return;
    const { door, maxMemoryBytes, maxStructuredBytes } = options;
    const event = this.#event;
    this.#body = new BodyBuffer(event === undefined ? maxStructuredBytes : maxMemoryBytes, {
      createPayload: () =>
        event === undefined ? Promise.reject(new RangeError('never in a file')) : door.createPayload(event),
      onWaiting: (bytes) => this.#onWaiting(bytes),
    });
  }

  /** False when the answer is known without the body: it is read and thrown away. */
  get wantsBody(): boolean {
    return this.#body !== undefined;
  }

  push(bytes: Uint8Array): void {
    this.#body?.push(bytes);
  }

  /** What was pushed must outlast the call. */
  keep(): void {
    this.#body?.keep();
  }

  /** The body is complete. */
  end(): void {
    const body = this.#body;
    if (this.#verdict !== undefined || body === undefined) this.#settle(this.#verdict ?? 'ok');
    else if (this.#structured !== undefined && this.#head !== undefined)
      this.#endStructured(body, { mode: this.#structured, head: this.#head });
    else {
      const bytes = body.inMemory();
      if (bytes !== undefined) this.#accept({ kind: 'memory', bytes });
      else void this.#endFile(body);
    }
  }

  /** The rest will not come, or cannot be read. */
  fail(refusal: Refusal, reason: DropReason): void {
    this.#body?.discard();
    this.#body = undefined;
    this.#options.events.dropped(reason, this.#eventHead);
    this.#settle(refusal, false);
  }

  #onWaiting(bytes: number): void {
    const isHigh = bytes > highWaterBytes;
    if (isHigh === this.#isUnderPressure) return;
    this.#isUnderPressure = isHigh;
    this.#owner.onPressure(isHigh);
  }

  #route(head: RequestHead): void {
    const { isAuthorized, now, readType, events } = this.#options;
    const path = head.target.split('?', 1)[0];
    if (path !== '/modeldata/log' && path !== '/events') this.#verdict = notFound;
    else if (head.method !== 'POST') this.#verdict = methodNotAllowed;
    else if (!isAuthorized(head)) this.#verdict = unauthorized;
    else if (path === '/modeldata/log') this.#decide(readModeldata(head.headers, now(), readType));
    else {
      const mode = eventMode(head.headers.get('content-type'));
      if (mode === 'binary') this.#decide(readBinaryEvent(head.headers, now(), readType));
      else this.#structured = mode;
    }
    if (this.#verdict === unauthorized) events.dropped('event_invalid');
  }

  #decide(head: EventHead | Refusal): void {
    const { door, events } = this.#options;
    if ('status' in head) {
      events.dropped('event_invalid');
      this.#verdict = head;
      return;
    }
    this.#eventHead = head;
    const decision = door.decide(head);
    if (decision.kind === 'kept') this.#event = decision.event;
    else {
      events.dropped(decision.reason, head);
      this.#verdict = dropRefusal(decision.reason, head.collection) ?? 'ok';
    }
  }

  #accept(body: CapturedBody): void {
    const event = this.#event;
    if (event === undefined) return;
    this.#letGo(event);
    this.#options.door.accept(event, body, (acceptance) => this.#onAcceptance(acceptance));
  }

  #onAcceptance(acceptance: Acceptance): void {
    if (acceptance.kind === 'refused') this.#options.events.dropped(acceptance.reason, this.#eventHead);
    this.#settle(acceptanceRefusal(acceptance, this.#eventHead?.collection ?? '') ?? 'ok');
  }

  /** Keeps of the event what a refusal says. */
  #letGo({ destination: { collection }, time, arrivalMs }: AdmittedEvent): void {
    this.#head = undefined;
    this.#event = undefined;
    this.#body = undefined;
    this.#eventHead = { collection, arrivalMs, attributes: { time: String(time), extensions: noExtensions } };
  }

  async #endFile(body: BodyBuffer): Promise<void> {
    try {
      this.#accept(await body.finish());
    } catch {
      body.discard();
      const refusal = dropRefusal('disk_full', '');
      if (refusal !== undefined) this.fail(refusal, 'disk_full');
    }
  }

  #endStructured(body: BodyBuffer, { mode, head }: Structured): void {
    const { now, readType, events } = this.#options;
    const bytes = body.inMemory();
    if (bytes === undefined) {
      const limit = this.#options.maxStructuredBytes;
      const message = `A structured event may have ${limit} bytes; send larger ones in binary mode.`;
      return this.fail({ status: 413, code: 'body_too_large', message }, 'body_too_large');
    }
    const read = readStructuredEvents(bytes, {
      mode,
      headers: head.headers,
      arrivalMs: now(),
      readType,
    });
    if ('status' in read) {
      events.dropped('event_invalid');
      return this.#settle(read);
    }
    this.#acceptAll(read);
  }

  /** One answer for all: the first refusal, when there is one. What was accepted is recognised in the retry. */
  #acceptAll(structured: readonly StructuredEvent[]): void {
    const { door, events } = this.#options;
    let waiting = structured.length;
    let refusal: Refusal | undefined;
    const done = (reason: DropReason | undefined, head: EventHead): void => {
      if (reason !== undefined) {
        events.dropped(reason, head);
        refusal ??= dropRefusal(reason, head.collection);
      }
      if (--waiting === 0) this.#settle(refusal ?? 'ok');
    };
    if (waiting === 0) return this.#settle('ok');
    for (const { head, data } of structured) {
      const decision = door.decide(head);
      if (decision.kind === 'dropped') done(decision.reason, head);
      else {
        door.accept(decision.event, { kind: 'memory', bytes: data }, (acceptance) =>
          done(acceptance.kind === 'refused' ? acceptance.reason : undefined, head),
        );
      }
    }
  }

  #settle(verdict: Refusal | 'ok', keepAlive = this.keepAlive): void {
    if (this.answer !== undefined) return;
    if (verdict === 'ok') this.answer = okAnswer(keepAlive);
    else {
      const allow = verdict === methodNotAllowed ? { allow: 'POST' } : {};
      this.answer = refusalAnswer(verdict, { keepAlive, ...allow });
    }
    this.#owner.onAnswer();
  }
}
