import { canonicalCollectionName, samplingFraction } from '@gleaner/protocol';

import type { CollectorOptions, CollectorStats, WaitOptions } from './collector-options.ts';
import { BasicCorrelationContext, getContextWrapper } from './context.ts';
import type { CorrelationContext } from './context.ts';
import { recognizeData } from './data.ts';
import type { CollectableData, RecognizedData } from './data.ts';
import type { CollectorEngine } from './engine.ts';
import { CollectorError, messageOf } from './errors.ts';
import type { EventIdentity } from './errors.ts';
import { printedLine } from './local-run.ts';
import type { Settlement } from './outbox.ts';
import { nameProblem, policyProblem } from './permission.ts';
import type { Policy } from './policy.ts';
import type { FloatColumns } from './table.ts';
import { checkContextId, contextSeconds, eventHeaders } from './wire.ts';

/**
 * The original SDK's `Collector` (compat 1) without a machine under it: whatever does I/O comes with the engine. Nothing that
 * befalls an event after `collect` has returned is thrown anywhere; it reaches `onError`.
 */
export class BaseCollector {
  /** In lower case. */
  readonly name: string;
  readonly #isNamed: boolean;
  readonly #onError: CollectorOptions['onError'];
  readonly #floats: FloatColumns;
  readonly #engine: CollectorEngine;
  readonly #counts = { accepted: 0, delivered: 0, failed: 0, sampledOut: 0, refused: 0 };
  #closed = false;

  /**
   * Reads the configuration, unless the one in force has this collection.
   *
   * @throws CollectorError for a collector that may not collect, unless `onError` takes it, and whatever `onError` throws then;
   * `config_invalid` and `setting_invalid` in any case.
   */
  constructor(options: CollectorOptions, engine: CollectorEngine) {
    const { name, onError, floatColumns = [] } = options ?? {};
    this.#isNamed = nameProblem(name) === undefined;
    this.name = this.#isNamed ? canonicalCollectionName(name) : name;
    this.#onError = onError;
    const floatNames = floatColumns === true ? undefined : new Set(floatColumns);
    this.#floats = (column) => floatNames === undefined || floatNames.has(column);
    this.#engine = engine;
    const { policy } = engine.ports;
    const problem = this.#problem(policy.current()) && this.#problem(policy.reload());
    if (problem !== undefined) {
      if (onError === undefined) throw problem;
      this.#counts.refused++;
      this.#watch(onError(problem), problem);
    }
    engine.collectors.add(this);
  }

  /**
   * Sends the data as one event, and returns the context, to be passed on to the other collectors of the same request. The
   * data are written down before this returns, so they may be changed afterwards; all the rest happens later. Never waits and
   * never throws.
   */
  collect(data: CollectableData, correlationContext?: CorrelationContext | null): CorrelationContext {
    const context = correlationContext ?? new BasicCorrelationContext();
    const outcome = this.#attempt(data, context);
    if (outcome instanceof CollectorError) {
      this.#counts.refused++;
      this.#report(outcome);
    }
    if (!this.#engine.debug) return context;
    return outcome instanceof CollectorError
      ? getContextWrapper(context, false, outcome.message)
      : getContextWrapper(context, true, outcome);
  }

  /**
   * Waits for all events collected so far, by the other collectors of the process too. True once each of them was delivered or
   * reported to its `onError`; false when the time ran out first. Never rejects.
   */
  async flush({ timeoutMs }: WaitOptions = {}): Promise<boolean> {
    return await this.#inTime(this.#engine.outbox.settled(), timeoutMs);
  }

  /**
   * Collects no more, and waits for the events of this collector. What has not arrived in time is reported as
   * `event_abandoned` before this returns. Answers as `flush` does.
   */
  async close({ timeoutMs }: WaitOptions = {}): Promise<boolean> {
    this.#closed = true;
    const { outbox, collectors, ports } = this.#engine;
    const inTime = await this.#inTime(outbox.settled(this), timeoutMs);
    outbox.abandon(this);
    await outbox.settled(this);
    collectors.delete(this);
    if (collectors.size === 0) ports.transport.release();
    return inTime;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): CollectorStats {
    const { accepted, delivered, failed } = this.#counts;
    return { ...this.#counts, waiting: accepted - delivered - failed };
  }

  #attempt(data: unknown, context: CorrelationContext): 'accepted' | 'dropped_sampling' | CollectorError {
    try {
      return this.#enqueue(data, context);
    } catch (error) {
      const event = { collection: this.name, ...identity(context) };
      if (error instanceof CollectorError) return error.about(event);
      // A getter or a toJSON of the user's own has thrown.
      return new CollectorError('data_not_serializable', `the data cannot be read: ${messageOf(error)}`, {
        cause: error,
        event,
      });
    }
  }

  // /!\ Hot path: everything from here to `offer` runs on the thread that scores.
  #enqueue(data: unknown, context: CorrelationContext): 'accepted' | 'dropped_sampling' | CollectorError {
    const { policy: source, sha256 } = this.#engine.ports;
    const policy = source.current();
    const problem = this.#problem(policy);
    if (problem !== undefined) return problem.about({ collection: this.name, ...identity(context) });
    const rate = policy.samplingRate(this.name) ?? 0;
    if (rate <= 0) return this.#leaveOut();
    const recognized = recognizeData(data);
    const correlationId = checkContextId(context);
    if (rate < 1 && samplingFraction(sha256(correlationId)) >= rate) return this.#leaveOut();
    if (policy.local) this.#print(recognized, context);
    else this.#offer(recognized, context);
    return 'accepted';
  }

  /** Why nothing can be collected now. */
  #problem(policy: Policy): CollectorError | undefined {
    if (this.#closed) return new CollectorError('queue_closed', 'queue closed');
    return this.#isNamed ? policyProblem(policy, this.name) : nameProblem(this.name);
  }

  #leaveOut(): 'dropped_sampling' {
    this.#counts.sampledOut++;
    return 'dropped_sampling';
  }

  #print(data: RecognizedData, context: CorrelationContext): void {
    const event = { collection: this.name, correlationId: context.id, seconds: contextSeconds(context) };
    this.#engine.ports.print(printedLine({ ...event, json: data.toJson(this.#floats) }));
    this.#counts.accepted++;
    this.#counts.delivered++;
  }

  #offer(data: RecognizedData, context: CorrelationContext): void {
    const { outbox } = this.#engine;
    const event = { collection: this.name, correlationId: context.id, traceId: crypto.randomUUID() };
    const headers = eventHeaders({ ...event, collectDataType: data.collectDataType, context });
    const body = encoder.encode(data.toJson(this.#floats));
    const onSettled = (settlement: Settlement): void => this.#settled(settlement, event);
    if (!outbox.offer({ request: { headers, body }, owner: this, onSettled })) {
      throw new CollectorError(
        'queue_full',
        'Too many requests lead to message queue is full, please reduce the number of requests. ' +
          `The limit is ${outbox.maxQueuedBytes} bytes, ${outbox.waitingBytes} are waiting, the event has ${body.byteLength}.`,
        { event, retryable: true, fix: 'Collect smaller events or fewer of them, or raise maxQueuedBytes.' },
      );
    }
    this.#counts.accepted++;
  }

  #settled(settlement: Settlement, event: EventIdentity): void {
    if (settlement.kind === 'delivered') {
      this.#counts.delivered++;
      return;
    }
    this.#counts.failed++;
    const { code, reason, cause } = settlement;
    const what = `An event of ${event.collection} with correlation id ${event.correlationId} is lost: ${reason}.`;
    this.#report(new CollectorError(code, what, { event, cause }));
  }

  /** Never throws: neither the scoring code nor the sender is there to deal with an `onError` that does. */
  #report(error: CollectorError): void {
    try {
      if (this.#onError === undefined) this.#engine.ports.warn(error);
      else this.#watch(this.#onError(error), error);
    } catch (thrown) {
      this.#engine.ports.warn(handlerFailed(error, thrown));
    }
  }

  async #inTime(settled: Promise<void>, timeoutMs: number | undefined): Promise<boolean> {
    const done = settled.then(() => true);
    if (timeoutMs === undefined) return await done;
    const timer = new AbortController();
    const expired = this.#engine.ports.clock.sleep(timeoutMs, timer.signal).then(() => false);
    const inTime = await Promise.race([done, expired]);
    timer.abort();
    return inTime;
  }

  /** An `onError` that turns out to be asynchronous must not end the process either. */
  #watch(result: unknown, error: CollectorError): void {
    if (!(result instanceof Promise)) return;
    result.catch((thrown: unknown) => this.#engine.ports.warn(handlerFailed(error, thrown)));
  }
}

const encoder = new TextEncoder();

/** What the context says of itself, as far as it is a context at all. */
function identity(context: unknown): { correlationId?: string } {
  try {
    const { id } = context as { id?: unknown };
    return typeof id === 'string' ? { correlationId: id } : {};
  } catch {
    return {};
  }
}

function handlerFailed(error: CollectorError, thrown: unknown): CollectorError {
  return new CollectorError(error.code, `${error.message} onError failed as well: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
