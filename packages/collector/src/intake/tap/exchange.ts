/** One request with its answer, as the tap sees it, and the two records that are made of it. */
import type { Extension } from '@gleaner/protocol';
import { attributeName, recordKeys } from '@gleaner/protocol';

import type { AdmittedEvent, CapturedBody, Door, EventHead } from '../../flow.ts';
import type { IntakeEvents } from '../exchange.ts';
import { TapBody } from './body.ts';
import type { FinishedBody, TapBodyOptions } from './body.ts';

export interface ExchangeContext {
  door: Door;
  events: IntakeEvents;
  /** Lower-case names of headers that become attributes. */
  captureHeaders: readonly string[];
  body: TapBodyOptions;
  now: () => number;
}

/** How an exchange ended. */
export type Ending = 'complete' | 'aborted by client' | 'failed upstream' | 'unframed';

/** What an exchange needs of a head, of HTTP/1.1 or HTTP/2. */
export interface RequestFacts {
  method: string;
  /** Path with query. */
  target: string;
  headers: HeaderFacts;
}

export interface ResponseFacts {
  status: number;
  headers: HeaderFacts;
}

export interface HeaderFacts {
  /** The value of the first field of this lower-case name. */
  get(lowerCaseName: string): string | undefined;
}

/** Never captured by one name alone. */
const sensitiveHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
]);

export class TapExchange {
  readonly method: string;
  readonly #context: ExchangeContext;
  readonly #correlationId: string;
  readonly #startMs: number;
  /** What the client lets us keep: `x-gleaner-capture: none | metadata`. */
  readonly #allowed: string | undefined;
  /** `undefined`: not wanted, or over. */
  #request: Side | undefined;
  #response: Side | undefined;
  #isRequestOver = false;
  #answer: ResponseFacts | undefined;
  #firstByteMs: number | undefined;
  #chunks = 0;

  constructor(head: RequestFacts, correlationId: string, context: ExchangeContext) {
    this.method = head.method;
    this.#context = context;
    this.#correlationId = correlationId;
    this.#startMs = context.now();
    this.#allowed = head.headers.get('x-gleaner-capture')?.trim().toLowerCase();
    const own: Extension[] = [
      ['path', head.target],
      ['method', head.method],
    ];
    this.#request = this.#open('request', head.headers, own);
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  requestBody(bytes: Uint8Array): void {
    this.#request?.body.push(bytes);
  }

  requestEnd(): void {
    this.#isRequestOver = true;
    this.#finish(this.#request, 'complete', []);
    this.#request = undefined;
  }

  responseHead(head: ResponseFacts): void {
    this.#answer = head;
    const own: Extension[] = [['status', String(head.status)]];
    this.#response = this.#open('response', head.headers, own);
  }

  responseBody(bytes: Uint8Array): void {
    this.#firstByteMs ??= this.#context.now() - this.#startMs;
    this.#chunks++;
    this.#response?.body.push(bytes);
  }

  end(how: Ending): void {
    if (!this.#isRequestOver) this.#finish(this.#request, how === 'complete' ? 'unframed' : how, []);
    this.#isRequestOver = true;
    const more: Extension[] = [['durationms', String(this.#context.now() - this.#startMs)]];
    if (this.#firstByteMs !== undefined) more.push(['firstbytems', String(this.#firstByteMs)]);
    more.push(['chunks', String(this.#chunks)], ['ended', how]);
    // A request that was never answered has an answer, too: that there was none.
    if (this.#answer === undefined && how !== 'unframed')
      this.#response = this.#open('response', undefined, []);
    this.#finish(this.#response, how, more);
  }

  #open(
    collection: 'request' | 'response',
    headers: HeaderFacts | undefined,
    own: Extension[],
  ): Side | undefined {
    if (this.#allowed === 'none') return undefined;
    const { door, events, now } = this.#context;
    const contentType = headers?.get('content-type');
    const head: EventHead = {
      collection,
      arrivalMs: now(),
      attributes: {
        correlationId: this.#correlationId,
        time: String(Math.floor(this.#startMs / 1000)),
        ...(contentType !== undefined && { contentType }),
        extensions: [...own, ...this.#captured(headers, own)],
      },
    };
    const decision = door.decide(head);
    if (decision.kind === 'kept') {
      const body = new TapBody(headers?.get('content-encoding'), this.#context.body);
      if (this.#allowed === 'metadata') body.optOut();
      return { head, event: decision.event, body };
    }
    // A deployment that captures one side only is no mistake of a sender.
    if (decision.reason !== 'collection_not_enabled') events.dropped(decision.reason, head);
    return undefined;
  }

  #captured(headers: HeaderFacts | undefined, own: readonly Extension[]): Extension[] {
    const captured: Extension[] = [];
    for (const name of this.#context.captureHeaders) {
      const attribute = attributeName(name);
      const value = sensitiveHeaders.has(name) ? undefined : headers?.get(name);
      const isTaken = recordKeys.has(attribute) || own.some(([key]) => key === attribute);
      if (value !== undefined && attribute !== '' && !isTaken) captured.push([attribute, value]);
    }
    return captured;
  }

  #finish(side: Side | undefined, how: Ending, more: readonly Extension[]): void {
    if (side === undefined) return;
    const finished = side.body.finishAtOnce(how === 'complete');
    if (finished !== undefined) this.#keep(side, finished, more);
    else void side.body.finish(how === 'complete').then((later) => this.#keep(side, later, more));
  }

  #keep({ head, event }: Side, { body, status, encoding }: FinishedBody, more: readonly Extension[]): void {
    const { extensions } = event.attributes;
    extensions.push(...more);
    if (encoding !== undefined) extensions.push(['contentencoding', encoding]);
    if (status !== undefined) extensions.push(['datastatus', status]);
    this.#accept(head, event, body);
  }

  #accept(head: EventHead, event: AdmittedEvent, body: CapturedBody): void {
    this.#context.door.accept(event, body, (acceptance) => {
      if (acceptance.kind === 'refused') this.#context.events.dropped(acceptance.reason, head);
    });
  }
}

/** One of the two messages, while it is captured. */
interface Side {
  head: EventHead;
  event: AdmittedEvent;
  body: TapBody;
}
