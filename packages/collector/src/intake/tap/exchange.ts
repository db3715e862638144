/** One request with its answer, as the tap sees it, and the two records that are made of it. */
import type { DropReason, Extension } from '@gleaner/protocol';
import { attributeName, recordKeys } from '@gleaner/protocol';

import type { AdmittedEvent, CapturedBody, Door, Ending, EventHead } from '../../flow.ts';
import type { IntakeEvents } from '../exchange.ts';
import { refusalOf } from './blockade.ts';
import type { Blockade } from './blockade.ts';
import { TapBody } from './body.ts';
import type { FinishedBody, TapBodyOptions } from './body.ts';
import { formOf } from './form.ts';
import type { Unfinished } from './unfinished.ts';

export interface ExchangeContext {
  door: Door;
  events: IntakeEvents;
  /** Lower-case names of headers that become attributes. */
  captureHeaders: readonly string[];
  /** Those of them that are secrets by their name, and captured all the same. */
  allowSensitiveHeaders: readonly string[];
  body: TapBodyOptions;
  /** With `on_full: block`. */
  blockade: Blockade | undefined;
  unfinished: Unfinished;
  /** A body could not be written to the spool. */
  onBodyFailed(error: unknown): void;
  /** Whether a rule may keep a pair that is not in the sample. */
  hasKeepRules: boolean;
  now: () => number;
}

/** What holds a sender back: its connection. */
export interface ExchangeOwner {
  /** Comes with `on_full: block` alone; as many with false as with true. */
  onHold(side: 'request' | 'response', isHeld: boolean): void;
}

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
  readonly #target: string;
  readonly #context: ExchangeContext;
  readonly #owner: ExchangeOwner;
  readonly #correlationId: string;
  readonly #startMs: number;
  /** Of the trace that the request belongs to (CloudEvents, distributed tracing). */
  readonly #traceparent: string | undefined;
  /** What the client lets us keep: `x-gleaner-capture: none | metadata`. */
  readonly #allowed: string | undefined;
  /** `undefined`: not wanted, or over. */
  #request: Side | undefined;
  #response: Side | undefined;
  #isRequestOver = false;
  #answer: ResponseFacts | undefined;
  #grpcStatus: string | undefined;
  #firstByteMs: number | undefined;
  #chunks = 0;

  constructor(
    head: RequestFacts,
    correlationId: string,
    { context, owner }: { context: ExchangeContext; owner: ExchangeOwner },
  ) {
    this.method = head.method;
    this.#target = head.target;
    this.#context = context;
    this.#owner = owner;
    this.#correlationId = correlationId;
    this.#startMs = context.now();
    this.#traceparent = head.headers.get('traceparent');
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

  /** The bytes must not change any more. */
  requestBody(bytes: Uint8Array): void {
    this.#request?.body.push(bytes);
  }

  requestEnd(): void {
    this.#isRequestOver = true;
    // Whether a rule wants it is known when its answer is over.
    if (this.#request?.event.isSampledOut) return;
    this.#finish(this.#request, { isWhole: true });
    this.#request = undefined;
  }

  responseHead(head: ResponseFacts): void {
    this.#answer = head;
    this.#response = this.#open('response', head.headers, [['status', String(head.status)]]);
    this.#grpcStatus = head.headers.get('grpc-status');
  }

  /** As {@link requestBody}. */
  responseBody(bytes: Uint8Array): void {
    this.#firstByteMs ??= this.#context.now() - this.#startMs;
    this.#chunks++;
    this.#response?.body.push(bytes);
  }

  responseTrailers(fields: HeaderFacts): void {
    this.#grpcStatus ??= fields.get('grpc-status');
  }

  end(how: Ending): void {
    const durationMs = this.#context.now() - this.#startMs;
    // A request that was never answered has an answer, too: that there was none.
    if (this.#answer === undefined && how !== 'unframed')
      this.#response = this.#open('response', undefined, []);
    const keptBy = this.#keptBy(how, durationMs);
    const isRequestWhole = this.#isRequestOver;
    this.#isRequestOver = true;
    this.#finish(this.#request, { isWhole: isRequestWhole, keptBy });
    this.#request = undefined;
    const more: Extension[] = [['durationms', String(durationMs)]];
    if (this.#firstByteMs !== undefined) more.push(['firstbytems', String(this.#firstByteMs)]);
    more.push(['chunks', String(this.#chunks)]);
    if (this.#grpcStatus !== undefined) more.push(['grpcstatus', this.#grpcStatus]);
    this.#finish(this.#response, { isWhole: how === 'complete', keptBy, ended: how, more });
    this.#response = undefined;
  }

  #open(
    collection: 'request' | 'response',
    headers: HeaderFacts | undefined,
    own: Extension[],
  ): Side | undefined {
    if (this.#allowed === 'none') return undefined;
    const { door, events, now, hasKeepRules, blockade, body: options } = this.#context;
    const contentType = headers?.get('content-type');
    if (this.#traceparent !== undefined) own.push(['traceparent', this.#traceparent]);
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
    const decision = door.decide(head, hasKeepRules);
    if (decision.kind === 'kept') {
      const { event } = decision;
      const facts = {
        contentEncoding: headers?.get('content-encoding'),
        form: headers && formOf({ side: collection, target: this.#target, headers }),
      };
      const body = new TapBody(facts, options, {
        createPayload: () => door.createPayload(event, blockade !== undefined),
        onHold: (isHeld) => this.#owner.onHold(collection, isHeld),
        onFailed: (error) => this.#context.onBodyFailed(error),
      });
      if (this.#allowed === 'metadata') body.optOut();
      return { head, event, body };
    }
    // A deployment that captures one side only is no mistake of a sender.
    if (decision.reason !== 'collection_not_enabled') events.dropped(decision.reason, head);
    return undefined;
  }

  #captured(headers: HeaderFacts | undefined, own: readonly Extension[]): Extension[] {
    const { captureHeaders, allowSensitiveHeaders } = this.#context;
    const captured: Extension[] = [];
    for (const name of captureHeaders) {
      const attribute = attributeName(name);
      const isSecret = sensitiveHeaders.has(name) && !allowSensitiveHeaders.includes(name);
      const value = isSecret ? undefined : headers?.get(name);
      const isTaken = recordKeys.has(attribute) || own.some(([key]) => key === attribute);
      if (value !== undefined && attribute !== '' && !isTaken) captured.push([attribute, value]);
    }
    return captured;
  }

  #keptBy(ended: Ending, durationMs: number): string | undefined {
    const isHeld = this.#request?.event.isSampledOut || this.#response?.event.isSampledOut;
    if (!isHeld) return undefined;
    const { status } = this.#answer ?? {};
    const grpcStatus = this.#grpcStatus === undefined ? undefined : Number(this.#grpcStatus);
    return this.#context.door.keptBy({ status, grpcStatus, durationMs, ended });
  }

  #finish(side: Side | undefined, how: Finish): void {
    if (side === undefined) return;
    this.#context.unfinished.begin();
    const finished = side.body.finishAtOnce(how.isWhole);
    if (finished !== undefined) this.#record(side, finished, how);
    else void side.body.finish(how.isWhole).then((later) => this.#record(side, later, how));
  }

  #record({ head, event }: Side, finished: FinishedBody, { keptBy, ended, more = [] }: Finish): void {
    const { extensions } = event.attributes;
    extensions.push(...more);
    // Clients hang up when the stream says that it is over.
    if (ended !== undefined) extensions.push(['ended', finished.isComplete ? 'complete' : ended]);
    extensions.push(...finished.attributes);
    this.#accept(head, keptBy === undefined ? event : { ...event, keptBy }, finished.body);
  }

  #accept(head: EventHead, event: AdmittedEvent, body: CapturedBody): void {
    const { door, events, blockade, unfinished } = this.#context;
    const over = (reason: DropReason | undefined): void => {
      if (reason !== undefined) events.dropped(reason, head);
      unfinished.end();
    };
    if (blockade === undefined) {
      door.accept(event, body, (acceptance) => over(refusalOf(acceptance)));
    } else {
      const own = ownBody(body);
      void blockade.offer((answer) => door.accept(event, own, answer)).then(over);
    }
  }
}

/** One of the two messages, while it is captured. */
interface Side {
  head: EventHead;
  event: AdmittedEvent;
  body: TapBody;
}

interface Finish {
  /** The message came to its end. */
  isWhole: boolean;
  /** The rule that wants the pair although it is not in the sample. */
  keptBy?: string | undefined;
  ended?: Ending;
  more?: readonly Extension[];
}

/** One that can be offered again. */
function ownBody(body: CapturedBody): CapturedBody {
  const { stream } = body;
  return { ...body, ...ownKept(body), ...(stream !== undefined && { stream: ownKept(stream) }) };
}

function ownKept<B extends CapturedBody>(body: B): B {
  if (body.kind === 'memory') return { ...body, bytes: Uint8Array.from(body.bytes) };
  return body.kind === 'file' ? { ...body, staysWhenRefused: true } : body;
}
