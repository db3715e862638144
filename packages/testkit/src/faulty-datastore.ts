import { setTimeout } from 'node:timers/promises';
import { DatastoreError } from '@gleaner/datastore';
import type {
  ByteRange,
  CallOptions,
  Datastore,
  DatastoreErrorCode,
  ObjectBody,
  StoredObject,
} from '@gleaner/datastore';
import type { Fault, FaultPlan, StoreCall } from './fault-plans.ts';

/** A store in front of another that fails on request, and otherwise keeps every promise of the port. */
export interface FaultyDatastore extends Datastore {
  /** From now on every call fails with `store_unreachable`. Each of these takes the place of the one before and of the plan. */
  down(): void;
  /** From now on nothing more can be written: `store_full` for append and put. */
  full(): void;
  /** From now on nothing may be changed: `store_permission_denied` for append, put and delete. */
  denied(): void;
  /** From now on every call takes that much longer. */
  slow(delayMs: number): void;
  /** Back to the plan. */
  up(): void;
}

export interface FaultyDatastoreOptions {
  /** What goes wrong while the store is up. Default: nothing. */
  plan?: FaultPlan;
  /** How `slow` waits. Default: the clock. */
  sleep?: (delayMs: number) => Promise<unknown>;
}

/** Wraps `inner`, which it disposes of with itself. A `late` write may come at any time, even after that. */
export function createFaultyDatastore(
  inner: Datastore,
  options: FaultyDatastoreOptions = {},
): FaultyDatastore {
  return new FaultyStore(inner, options);
}

class FaultyStore implements FaultyDatastore {
  readonly #inner: Datastore;
  readonly #plan: FaultPlan;
  readonly #sleep: (delayMs: number) => Promise<unknown>;
  #present: FaultPlan;

  constructor(inner: Datastore, { plan = () => undefined, sleep = setTimeout }: FaultyDatastoreOptions) {
    this.#inner = inner;
    this.#plan = plan;
    this.#sleep = sleep;
    this.#present = plan;
  }

  get writes(): Datastore['writes'] {
    return this.#inner.writes;
  }

  down(): void {
    this.#present = () => ({ kind: 'refuse' });
  }

  full(): void {
    this.#present = refusing(['append', 'put'], 'store_full');
  }

  denied(): void {
    this.#present = refusing(['append', 'put', 'delete'], 'store_permission_denied');
  }

  slow(delayMs: number): void {
    this.#present = () => ({ kind: 'hang', until: this.#sleep(delayMs) });
  }

  up(): void {
    this.#present = this.#plan;
  }

  length(path: string, options?: CallOptions): Promise<number | undefined> {
    const all = () => this.#inner.length(path, options);
    return this.#call({ method: 'length', path }, { all, options });
  }

  append(path: string, piece: { offset: number; bytes: Uint8Array }, options?: CallOptions): Promise<void> {
    const { offset, bytes } = piece;
    const part = (kept: number) =>
      this.#inner.append(path, { offset, bytes: bytes.subarray(0, kept) }, options);
    const all = () => this.#inner.append(path, piece, options);
    const late = async (until: Promise<unknown>) => {
      await until;
      await this.#inner.append(path, piece);
    };
    return this.#call({ method: 'append', path, byteLength: bytes.byteLength }, { all, part, late, options });
  }

  put(path: string, body: ObjectBody, options?: CallOptions): Promise<void> {
    const all = () => this.#inner.put(path, body, options);
    // On its way to the store already: its source may be gone by then.
    const late = async (until: Promise<unknown>) => {
      const sent = body instanceof Uint8Array ? body : Buffer.concat(await Array.fromAsync(body.open()));
      await until;
      await this.#inner.put(path, sent);
    };
    return this.#call({ method: 'put', path, byteLength: body.byteLength }, { all, late, options });
  }

  read(path: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    const all = () => this.#inner.read(path, range, options);
    return this.#iterate({ method: 'read', path }, { all, part: firstBytes, options });
  }

  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject> {
    const all = () => this.#inner.list(prefix, options);
    return this.#iterate({ method: 'list', path: prefix }, { all, part: firstItems, options });
  }

  seal(path: string, options?: CallOptions): Promise<void> {
    const all = () => this.#inner.seal(path, options);
    const late = async (until: Promise<unknown>) => {
      await until;
      await this.#inner.seal(path);
    };
    return this.#call({ method: 'seal', path }, { all, late, options });
  }

  delete(path: string, options?: CallOptions): Promise<void> {
    const all = () => this.#inner.delete(path, options);
    const late = async (until: Promise<unknown>) => {
      await until;
      await this.#inner.delete(path);
    };
    return this.#call({ method: 'delete', path }, { all, late, options });
  }

  url(path: string): string {
    return this.#inner.url(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }

  async #call<T>(call: StoreCall, ways: CallWays<T>): Promise<T> {
    const fault = this.#present(call);
    switch (fault?.kind) {
      case undefined:
        return ways.all();
      case 'hang':
        await hang(call, fault, ways.options);
        return ways.all();
      case 'tear':
        await ways.part?.(fault.kept);
        break;
      case 'lose answer':
        await ways.all();
        break;
      case 'late':
        // What becomes of it nobody will learn, as with a real one.
        void Promise.allSettled([ways.late?.(fault.until)]);
        break;
      case 'refuse':
        break;
    }
    throw failure(call, fault);
  }

  async *#iterate<T>(call: StoreCall, ways: IterationWays<T>): AsyncGenerator<T> {
    const fault = this.#present(call);
    if (fault?.kind === 'hang') await hang(call, fault, ways.options);
    if (fault === undefined || fault.kind === 'hang' || fault.kind === 'lose answer') yield* ways.all();
    if (fault?.kind === 'tear') yield* ways.part(ways.all(), fault.kept);
    if (fault !== undefined && fault.kind !== 'hang') throw failure(call, fault);
  }
}

interface CallWays<T> {
  options: CallOptions | undefined;
  all: () => Promise<T>;
  part?: (kept: number) => Promise<unknown>;
  late?: (until: Promise<unknown>) => Promise<unknown>;
}

interface IterationWays<T> {
  options: CallOptions | undefined;
  all: () => AsyncIterable<T>;
  part: (source: AsyncIterable<T>, kept: number) => AsyncIterable<T>;
}

function refusing(methods: StoreCall['method'][], code: DatastoreErrorCode): FaultPlan {
  return ({ method }) => (methods.includes(method) ? { kind: 'refuse', code } : undefined);
}

function failure({ method, path }: StoreCall, fault: Exclude<Fault, { kind: 'hang' }>): DatastoreError {
  const code = fault.kind === 'late' ? 'store_timeout' : (fault.code ?? 'store_unreachable');
  return new DatastoreError(code, `A test made ${method} of ${path} fail: ${fault.kind}.`);
}

/** Settles when `until` does, or fails with `store_timeout` when the signal aborts. */
async function hang(
  call: StoreCall,
  fault: Fault & { kind: 'hang' },
  options: CallOptions = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  fault.until?.then(resolve, reject);
  const { signal } = options;
  const abort = () => {
    const { method, path } = call;
    reject(
      new DatastoreError('store_timeout', `${method} of ${path} was given up.`, { cause: signal?.reason }),
    );
  };
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function* firstBytes(source: AsyncIterable<Uint8Array>, kept: number): AsyncGenerator<Uint8Array> {
  let left = kept;
  for await (const chunk of source) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    if (part.byteLength > 0) yield part;
    if (left === 0) return;
  }
}

async function* firstItems<T>(source: AsyncIterable<T>, kept: number): AsyncGenerator<T> {
  let left = kept;
  for await (const item of source) {
    if (left-- === 0) return;
    yield item;
  }
}
