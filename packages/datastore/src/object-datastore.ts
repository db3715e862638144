import { checkSignal, eachUntilAborted, untilAborted } from './abort.ts';
import type { Wait } from './abort.ts';
import { bodyChunks } from './body.ts';
import { inCodeUnitOrder } from './code-unit-order.ts';
import type { ByteRange, CallOptions, Datastore, ObjectBody, StoredObject } from './datastore.ts';
import { DatastoreError } from './errors.ts';
import { appendRefused, failed, givenUp, notFound } from './failures.ts';
import type { ObjectCall, ObjectService } from './object-service.ts';
import { gather } from './parts.ts';
import { checkStorePath, checkStorePrefix, storePathFault } from './path.ts';

/** What the contract asks for beyond a cloud's own calls, the same for each. The datastore disposes of the service. */
export function createObjectDatastore(
  service: ObjectService,
  { pageObjects = 1000 }: { pageObjects?: number } = {},
): Datastore {
  return new ObjectDatastore(service, pageObjects);
}

/** A body that is read as it is written is held in memory up to this length, and sent in parts beyond. */
const maxGatheredBytes = 16 * 2 ** 20;

class ObjectDatastore implements Datastore {
  readonly writes = 'object';
  readonly #service: ObjectService;
  readonly #pageObjects: number;
  readonly #atWork = new Set<Promise<unknown>>();
  /** A missing object may mean a missing bucket; once the bucket has been seen, it does not. */
  #bucketSeen = false;

  constructor(service: ObjectService, pageObjects: number) {
    this.#service = service;
    this.#pageObjects = pageObjects;
  }

  length(path: string, options?: CallOptions): Promise<number | undefined> {
    return this.#call({ action: 'read', path, options }, async ({ signal }) => {
      const byteLength = await this.#service.length(path, signal);
      if (byteLength === undefined) await this.#findBucket(signal);
      return byteLength;
    });
  }

  append(path: string, _: { offset: number; bytes: Uint8Array }, options?: CallOptions): Promise<void> {
    return this.#call({ action: 'write', path, options }, async ({ subject }) => {
      throw appendRefused(subject);
    });
  }

  put(path: string, body: ObjectBody, options?: CallOptions): Promise<void> {
    return this.#call({ action: 'write', path, options }, async (wait) => {
      const { subject, signal } = wait;
      if (body instanceof Uint8Array) {
        await this.#service.put(path, body, signal);
      } else {
        const chunks = eachUntilAborted(ownChunks(subject, body), wait);
        const source = { byteLength: body.byteLength, chunks };
        if (body.byteLength > maxGatheredBytes) await this.#service.putParts(path, source, signal);
        else await this.#service.put(path, await gather(source), signal);
      }
      this.#bucketSeen = true;
    });
  }

  read(path: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    const wait = { subject: path, signal: options?.signal ?? neverAborted() };
    return eachUntilAborted(this.#read(path, range, wait), wait);
  }

  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject> {
    const wait = { subject: prefix || 'the bucket', signal: options?.signal ?? neverAborted() };
    return eachUntilAborted(this.#list(prefix, wait), wait);
  }

  seal(path: string, options?: CallOptions): Promise<void> {
    return this.#call({ action: 'write', path, options }, async () => undefined);
  }

  delete(path: string, options?: CallOptions): Promise<void> {
    return this.#call({ action: 'delete', path, options }, async ({ signal }) => {
      if ((await this.#service.delete(path, signal)) === 'missing') await this.#findBucket(signal);
    });
  }

  url(path: string): string {
    checkStorePath(path);
    return this.#service.url(path);
  }

  /** Waits for calls that were given up on, and still clean up behind them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#atWork);
    await this.#service[Symbol.asyncDispose]();
  }

  async #call<T>(call: Call, work: (wait: SignalledWait) => Promise<T>): Promise<T> {
    const subject = this.url(call.path);
    const wait = { subject, signal: call.options?.signal ?? neverAborted() };
    checkSignal(wait);
    const working = work(wait);
    this.#atWork.add(working);
    const end = () => void this.#atWork.delete(working);
    working.then(end, end);
    try {
      return await untilAborted(working, wait);
    } catch (error) {
      throw this.#failure(error, { action: call.action, ...wait });
    }
  }

  async *#read(path: string, range: ByteRange = {}, { signal }: SignalledWait): AsyncGenerator<Uint8Array> {
    const subject = this.url(path);
    const { start = 0 } = range;
    const end = range.end !== undefined && Number.isFinite(range.end) ? range.end : undefined;
    try {
      if (end !== undefined && end <= start) {
        if ((await this.#service.length(path, signal)) === undefined)
          throw await this.#missing(subject, signal);
        return;
      }
      const content = await this.#service.get(path, { start, end }, signal);
      if (content === 'missing') throw await this.#missing(subject, signal);
      if (content === 'past-end') return;
      yield* content;
    } catch (error) {
      throw this.#failure(error, { action: 'read', subject, signal });
    }
  }

  async *#list(prefix: string, { signal }: SignalledWait): AsyncGenerator<StoredObject> {
    checkStorePrefix(prefix);
    for await (const object of inCodeUnitOrder(this.#listed(prefix, signal))) {
      if (storePathFault(object.path) === undefined) yield object;
    }
  }

  async *#listed(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    let cursor: string | undefined;
    try {
      do {
        const page = await this.#service.list({ prefix, cursor, maxObjects: this.#pageObjects }, signal);
        yield* page.objects;
        cursor = page.cursor;
      } while (cursor !== undefined);
    } catch (error) {
      throw this.#failure(error, { action: 'list', subject: this.#service.url(prefix), signal });
    }
  }

  async #missing(subject: string, signal: AbortSignal): Promise<DatastoreError> {
    await this.#findBucket(signal);
    return notFound(subject);
  }

  /** Rejects when there is no bucket. */
  async #findBucket(signal: AbortSignal): Promise<void> {
    if (this.#bucketSeen) return;
    try {
      await this.#service.list({ prefix: '', cursor: undefined, maxObjects: 1 }, signal);
    } catch (error) {
      throw this.#failure(error, { action: 'list', subject: this.#service.url(''), signal });
    }
    this.#bucketSeen = true;
  }

  #failure(error: unknown, { action, subject, signal }: ObjectCall & SignalledWait): DatastoreError {
    if (error instanceof DatastoreError) return error;
    if (signal.aborted) return givenUp(subject, signal.reason);
    return this.#service.failure(error, { action, subject });
  }
}

type Call = { action: ObjectCall['action']; path: string; options: CallOptions | undefined };

type SignalledWait = Wait & { signal: AbortSignal };

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/** What the source of a body throws is no failure of the cloud, however much it looks like one. */
async function* ownChunks(subject: string, body: ObjectBody): AsyncGenerator<Uint8Array> {
  try {
    yield* bodyChunks(subject, body);
  } catch (error) {
    throw failed(subject, error);
  }
}
