import {
  canonicalCollectionName,
  collectionNameProblem,
  samplingFraction,
  typePrefix,
} from '@gleaner/protocol';

import type { CollectorOptions, CollectorStats, WaitOptions } from './collector-options.ts';
import { BasicCorrelationContext, getContextWrapper } from './context.ts';
import type { CorrelationContext } from './context.ts';
import { recognizeData } from './data.ts';
import type { CollectableData, RecognizedData } from './data.ts';
import type { CollectorEngine } from './engine.ts';
import { CollectorError } from './errors.ts';
import type { EventIdentity } from './errors.ts';
import { printedLine } from './local-run.ts';
import type { Settlement } from './outbox.ts';
import type { Policy } from './policy.ts';
import type { FloatColumns } from './table.ts';
import { checkContextId, contextSeconds, eventHeaders, isHeaderText } from './wire.ts';

/**
 * The original SDK's `Collector` (compat 1) without a machine under it: whatever does I/O comes with the engine. Nothing that
 * befalls an event after `collect` has returned is thrown anywhere; it reaches `onError`.
 */
export class BaseCollector {
  /** In lower case. */
  readonly name: string;
  readonly #nameError: CollectorError | undefined;
  readonly #onError: CollectorOptions['onError'];
  readonly #floats: FloatColumns;
  readonly #engine: CollectorEngine;
  readonly #counts = { accepted: 0, delivered: 0, failed: 0, sampledOut: 0, refused: 0 };
  #closed = false;

  /**
   * Reads the configuration, unless the one in force has this collection.
   *
   * @throws CollectorError for a collector that may not collect, unless `onError` takes it; `config_invalid` in any case.
   */
  constructor(options: CollectorOptions, engine: CollectorEngine) {
    const { name, onError, floatColumns = [] } = options ?? {};
    this.#nameError = nameError(name);
    this.name = this.#nameError === undefined ? canonicalCollectionName(name) : name;
    this.#onError = onError;
    const floatNames = floatColumns === true ? undefined : new Set(floatColumns);
    this.#floats = (column) => floatNames === undefined || floatNames.has(column);
    this.#engine = engine;
    const { policy } = engine.ports;
    const problem = this.#policyError(policy.current()) && this.#policyError(policy.reload());
    if (problem !== undefined) this.#refuse(problem);
    engine.collectors.add(this);
  }

  /**
   * Sends the data as one event, and returns the context, to be passed on to the other collectors of the same request. The
   * data are written down before this returns, so they may be changed afterwards; all the rest happens later. Never waits.
   *
   * @throws CollectorError for what is wrong with this very call, unless `onError` takes it.
   */
  collect(data: CollectableData, correlationContext?: CorrelationContext | null): CorrelationContext {
    const context = correlationContext ?? new BasicCorrelationContext();
    const outcome = this.#attempt(data, context);
    if (outcome instanceof CollectorError) this.#refuse(outcome);
    if (!this.#engine.debug) return context;
    return outcome instanceof CollectorError
      ? getContextWrapper(context, false, outcome.message)
      : getContextWrapper(context, true, outcome);
  }

  /**
   * Waits for the events collected so far, those of other collectors of the same engine included. True once each of them
   * was delivered or reported to its `onError`; false when the time ran out first. Never rejects.
   */
  async flush({ timeoutMs }: WaitOptions = {}): Promise<boolean> {
    const { outbox, ports } = this.#engine;
    const drained = outbox.drained().then(() => true);
    if (timeoutMs === undefined) return await drained;
    const timer = new AbortController();
    const expired = ports.clock.sleep(timeoutMs, timer.signal).then(() => false);
    const settled = await Promise.race([drained, expired]);
    timer.abort();
    return settled;
  }

  /** Collects no more, flushes, and reports what has not arrived in time as `event_abandoned`. Answers as `flush` does. */
  async close(options: WaitOptions = {}): Promise<boolean> {
    this.#closed = true;
    const settled = await this.flush(options);
    const { outbox, collectors, ports } = this.#engine;
    outbox.abandon(this);
    collectors.delete(this);
    if (collectors.size === 0) ports.transport.release();
    return settled;
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
      if (error instanceof CollectorError) return error.about({ ...this.#identity(context), ...error.event });
      // A getter or a toJSON of the user's own has thrown.
      return new CollectorError('data_not_serializable', `the data cannot be read: ${String(error)}`, {
        cause: error,
        event: this.#identity(context),
      });
    }
  }

  // /!\ Hot path: everything from here to `offer` runs on the thread that scores.
  #enqueue(data: unknown, context: CorrelationContext): 'accepted' | 'dropped_sampling' {
    const { policy: source, sha256 } = this.#engine.ports;
    const policy = source.current();
    const problem = this.#closed
      ? new CollectorError('queue_closed', 'queue closed')
      : this.#policyError(policy);
    if (problem !== undefined) throw problem;
    const recognized = recognizeData(data);
    const correlationId = checkContextId(context);
    const rate = policy.samplingRate(this.name) ?? 0;
    if (rate < 1 && samplingFraction(sha256(correlationId)) >= rate) {
      this.#counts.sampledOut++;
      return 'dropped_sampling';
    }
    if (policy.local) this.#print(recognized, context);
    else this.#offer(recognized, context);
    return 'accepted';
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

  #identity(context: CorrelationContext): EventIdentity {
    return { collection: this.name, correlationId: context.id };
  }

  #policyError(policy: Policy): CollectorError | undefined {
    if (this.#nameError !== undefined) return this.#nameError;
    if (!policy.customLogging) {
      return new CollectorError('custom_logging_disabled', 'custom logging is not enabled, drop the data', {
        fix: 'Enable a collection other than request and response in the data_collector block of the deployment.',
      });
    }
    if (policy.samplingRate(this.name) !== undefined) return undefined;
    return new CollectorError(
      'collection_disabled',
      `collection ${this.name} is not enabled, drop the data`,
      {
        fix: `Enable ${this.name} in the data_collector block of the deployment.`,
      },
    );
  }

  /** Found while the caller waits: thrown where nobody takes it, and an `onError` may throw as well. */
  #refuse(error: CollectorError): void {
    this.#counts.refused++;
    if (this.#onError === undefined) throw error;
    this.#watch(this.#onError(error), error);
  }

  #settled(settlement: Settlement, event: EventIdentity): void {
    if (settlement.kind === 'delivered') {
      this.#counts.delivered++;
      return;
    }
    this.#counts.failed++;
    const { code, reason, cause } = settlement;
    const what = `An event of ${event.collection} with correlation id ${event.correlationId} is lost: ${reason}.`;
    const error = new CollectorError(code, what, { event, cause });
    try {
      if (this.#onError === undefined) this.#engine.ports.warn(error);
      else this.#watch(this.#onError(error), error);
    } catch (thrown) {
      this.#engine.ports.warn(handlerFailed(error, thrown));
    }
  }

  /** An `onError` that turns out to be asynchronous must not end the process either. */
  #watch(result: unknown, error: CollectorError): void {
    if (!(result instanceof Promise)) return;
    result.catch((thrown: unknown) => this.#engine.ports.warn(handlerFailed(error, thrown)));
  }
}

const encoder = new TextEncoder();

function nameError(name: unknown): CollectorError | undefined {
  if (typeof name !== 'string' || name === '') {
    return new CollectorError('collection_name_missing', 'collection name is not provided');
  }
  const carried = isHeaderText(typePrefix + name.toLowerCase());
  const problem =
    collectionNameProblem(name) ??
    (carried ? undefined : `Collection name ${JSON.stringify(name)} holds characters outside Latin-1.`);
  if (problem === undefined) return undefined;
  return new CollectorError('collection_name_invalid', problem, {
    fix: 'Take a short word such as model_inputs: letters, digits, _ and -.',
  });
}

function handlerFailed(error: CollectorError, thrown: unknown): CollectorError {
  return new CollectorError(error.code, `${error.message} onError failed as well: ${String(thrown)}`, {
    cause: thrown,
  });
}
