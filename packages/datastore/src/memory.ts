import { checkSignal, eachUntilAborted, untilAborted } from './abort.ts';
import { bodyChunks } from './body.ts';
import type { ByteRange, CallOptions, Datastore, ObjectBody, StoredObject } from './datastore.ts';
import { appendRefused, closed, conflict, failed, notFound } from './failures.ts';
import { checkStorePath, checkStorePrefix } from './path.ts';

export interface MemoryDatastoreOptions {
  writes?: Datastore['writes'];
  /** Then an object takes no more, and when it is sealed neither, as in Azure's append blobs. Default: objects never close. */
  appendsPerObject?: number;
}

/** A store that lasts as long as the process: for tests, and the shortest reading of what the port asks for. */
export function createMemoryDatastore(options: MemoryDatastoreOptions = {}): Datastore {
  return new MemoryDatastore(options);
}

class MemoryDatastore implements Datastore {
  readonly writes: Datastore['writes'];
  readonly #appendsPerObject: number | undefined;
  readonly #objects = new Map<string, Uint8Array>();
  /** Appends that each object still takes. */
  readonly #appendsLeft = new Map<string, number>();

  constructor({ writes = 'append', appendsPerObject }: MemoryDatastoreOptions) {
    this.writes = writes;
    this.#appendsPerObject = appendsPerObject;
  }

  async length(path: string, options?: CallOptions): Promise<number | undefined> {
    checkCall(path, options);
    return this.#objects.get(path)?.byteLength;
  }

  async append(
    path: string,
    piece: { offset: number; bytes: Uint8Array },
    options?: CallOptions,
  ): Promise<void> {
    checkCall(path, options);
    if (this.writes === 'object') throw appendRefused(path);
    const present = this.#objects.get(path) ?? new Uint8Array();
    if (present.byteLength !== piece.offset) {
      throw conflict(path, { actual: present.byteLength, offset: piece.offset });
    }
    if (this.#appendsPerObject !== undefined) {
      const left = this.#appendsLeft.get(path) ?? this.#appendsPerObject;
      if (left === 0) throw closed(path);
      this.#appendsLeft.set(path, left - 1);
    }
    this.#objects.set(path, Buffer.concat([present, piece.bytes]));
  }

  async put(path: string, body: ObjectBody, options?: CallOptions): Promise<void> {
    checkCall(path, options);
    const collected = Array.fromAsync(bodyChunks(path, body), (chunk) => chunk.slice());
    try {
      const chunks = await untilAborted(collected, { subject: path, signal: options?.signal });
      this.#objects.set(path, Buffer.concat(chunks));
    } catch (error) {
      throw failed(path, error);
    }
  }

  read(path: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    return eachUntilAborted(this.#read(path, range), { subject: path, signal: options?.signal });
  }

  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject> {
    return eachUntilAborted(this.#list(prefix), { subject: prefix, signal: options?.signal });
  }

  async seal(path: string, options?: CallOptions): Promise<void> {
    checkCall(path, options);
    if (this.#appendsPerObject !== undefined && this.#objects.has(path)) this.#appendsLeft.set(path, 0);
  }

  async delete(path: string, options?: CallOptions): Promise<void> {
    checkCall(path, options);
    this.#objects.delete(path);
    this.#appendsLeft.delete(path);
  }

  url(path: string): string {
    checkStorePath(path);
    return `memory:///${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#objects.clear();
  }

  async *#read(path: string, { start = 0, end }: ByteRange = {}): AsyncGenerator<Uint8Array> {
    checkStorePath(path);
    const bytes = this.#objects.get(path);
    if (bytes === undefined) throw notFound(path);
    const slice = Uint8Array.from(bytes.subarray(start, end));
    if (slice.byteLength > 0) yield slice;
  }

  async *#list(prefix: string): AsyncGenerator<StoredObject> {
    checkStorePrefix(prefix);
    for (const path of [...this.#objects.keys()].sort()) {
      const bytes = path.startsWith(prefix) ? this.#objects.get(path) : undefined;
      if (bytes !== undefined) yield { path, byteLength: bytes.byteLength };
    }
  }
}

function checkCall(path: string, options?: CallOptions): void {
  checkStorePath(path);
  checkSignal({ subject: path, signal: options?.signal });
}
