import type { BlobItem, ContainerClient } from '@azure/storage-blob';
import { checkSignal, eachUntilAborted, untilAborted } from '../abort.ts';
import type { ByteRange, CallOptions, Datastore, ObjectBody, StoredObject } from '../datastore.ts';
import { notFound } from '../failures.ts';
import { checkStorePath, checkStorePrefix } from '../path.ts';
import type { AzureAccount } from './account.ts';
import { failedAnswer, failedCode, isMissingBlob } from './answer.ts';
import { createAppends } from './append.ts';
import type { AppendLimits, Appends, BlobCall } from './append.ts';
import { openContainer } from './container.ts';
import { azureFailure } from './failure.ts';
import { inOrder } from './list.ts';
import type { ListedBlob } from './list.ts';
import { putBlob } from './put.ts';

export interface AzureLimits extends AppendLimits {
  /** A body larger than this is put in blocks of this size; one of them is in memory at a time. In bytes. */
  putBlockBytes: number;
}

/** 4 MiB per block is what every version of the service takes. */
export const azureLimits: AzureLimits = {
  maxBlockBytes: 4 * 2 ** 20,
  maxBlocks: 50_000,
  putBlockBytes: 8 * 2 ** 20,
};

/**
 * Objects as blobs of one container: append blobs where they grow, block blobs where they are put. Makes no call yet.
 * Errors: `store_permission_denied` when this machine cannot have that identity at all.
 */
export async function openAzureDatastore(
  account: AzureAccount,
  limits: Partial<AzureLimits> = {},
): Promise<Datastore> {
  try {
    const container = await openContainer(account);
    return new AzureDatastore({ account, container, limits: { ...azureLimits, ...limits } });
  } catch (error) {
    throw azureFailure(account, account.container, error);
  }
}

class AzureDatastore implements Datastore {
  readonly writes = 'append';
  readonly #account: AzureAccount;
  readonly #container: ContainerClient;
  readonly #limits: AzureLimits;
  readonly #appends: Appends;

  constructor(parts: { account: AzureAccount; container: ContainerClient; limits: AzureLimits }) {
    this.#account = parts.account;
    this.#container = parts.container;
    this.#limits = parts.limits;
    this.#appends = createAppends(parts.limits);
  }

  length(path: string, options?: CallOptions): Promise<number | undefined> {
    return this.#call(path, options, async ({ container, abort }) => {
      try {
        const found = await container.getBlobClient(path).getProperties(abort);
        return isFolder(found) ? undefined : (found.contentLength ?? 0);
      } catch (error) {
        if (isMissingBlob(error)) return undefined;
        throw error;
      }
    });
  }

  append(path: string, piece: { offset: number; bytes: Uint8Array }, options?: CallOptions): Promise<void> {
    return this.#call(path, options, (call) => this.#appends.append(call, piece));
  }

  put(path: string, body: ObjectBody, options?: CallOptions): Promise<void> {
    return this.#call(path, options, (call) => {
      this.#appends.forget(path);
      return putBlob(call, body, this.#limits.putBlockBytes);
    });
  }

  read(path: string, range?: ByteRange, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    const { signal } = options;
    return eachUntilAborted(this.#read(path, range, options), { subject: path, signal });
  }

  list(prefix: string, options: CallOptions = {}): AsyncIterable<StoredObject> {
    const { signal } = options;
    return eachUntilAborted(this.#list(prefix, options), {
      subject: prefix || this.#account.containerUrl,
      signal,
    });
  }

  seal(path: string, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async ({ container, abort }) => {
      this.#appends.forget(path);
      try {
        await container.getAppendBlobClient(path).seal(abort);
      } catch (error) {
        if (!isMissingBlob(error) && !isNoMatterOfSealing(failedCode(error))) throw error;
      }
    });
  }

  delete(path: string, options?: CallOptions): Promise<void> {
    return this.#call(path, options, async ({ container, abort }) => {
      this.#appends.forget(path);
      try {
        await container.getBlobClient(path).delete(abort);
      } catch (error) {
        // An empty folder of a hierarchical namespace does go: there is no object in it.
        if (!isMissingBlob(error) && failedCode(error) !== 'DirectoryIsNotEmpty') throw error;
      }
    });
  }

  url(path: string): string {
    checkStorePath(path);
    return `${this.#account.containerUrl}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  /** Nothing is held: idle connections end by themselves, and keep no process alive. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #call<T>(path: string, options: CallOptions = {}, work: (call: BlobCall) => Promise<T>): Promise<T> {
    checkStorePath(path);
    const call = this.#blobCall(path, options);
    checkSignal(call.wait);
    try {
      return await untilAborted(work(call), call.wait);
    } catch (error) {
      throw azureFailure(this.#account, path, error);
    }
  }

  #blobCall(path: string, { signal }: CallOptions): BlobCall {
    const abort = signal === undefined ? {} : { abortSignal: signal };
    return { container: this.#container, path, wait: { subject: path, signal }, abort };
  }

  async *#read(path: string, range: ByteRange = {}, options: CallOptions): AsyncGenerator<Uint8Array> {
    checkStorePath(path);
    const { start = 0, end = Infinity } = range;
    const { abort, container } = this.#blobCall(path, options);
    const byteLength = end === Infinity ? undefined : Math.max(end - start, 1);
    try {
      const blob = container.getBlobClient(path);
      const answer = await blob.download(start, byteLength, { ...abort, maxRetryRequests: 0 });
      const chunks = answer.readableStreamBody;
      if (chunks === undefined) return;
      if (isFolder(answer)) throw notFound(path);
      if (end <= start) return;
      for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    } catch (error) {
      if (failedAnswer(error)?.status === 416) return;
      throw azureFailure(this.#account, path, error);
    }
  }

  async *#list(prefix: string, options: CallOptions): AsyncGenerator<StoredObject> {
    checkStorePrefix(prefix);
    const { abort } = this.#blobCall(prefix, options);
    const container = this.#container;
    // Metadata says which blob is a folder.
    const below = (start: string) => ({
      ...abort,
      includeMetadata: true,
      ...(start !== '' && { prefix: start }),
    });
    const listing = {
      async *all(start: string) {
        for await (const item of container.listBlobsFlat(below(start))) yield listed(item);
      },
      async *level(start: string) {
        for await (const item of container.listBlobsByHierarchy('/', below(start))) {
          yield item.kind === 'prefix' ? { path: item.name, byteLength: 0, isFolder: true } : listed(item);
        }
      },
    };
    try {
      yield* inOrder(listing, prefix);
    } catch (error) {
      throw azureFailure(this.#account, prefix || this.#account.containerUrl, error);
    }
  }
}

function listed({ name, properties, metadata }: BlobItem): ListedBlob {
  return {
    path: name,
    byteLength: properties.contentLength ?? 0,
    isFolder: isFolder({ ...(metadata && { metadata }) }),
  };
}

/** A hierarchical namespace shows its folders as blobs that say so. */
function isFolder({ metadata }: { metadata?: Record<string, string> }): boolean {
  return Object.entries(metadata ?? {}).some(
    ([key, value]) => key.toLowerCase() === 'hdi_isfolder' && value.toLowerCase() === 'true',
  );
}

/** A blob that is no append blob, or an account whose kind has no seal: the object is held to nothing, as in other stores. */
function isNoMatterOfSealing(code: string | undefined): boolean {
  return code === 'InvalidBlobType' || code === 'BlobIsSealed' || /Not(Yet)?Supported/.test(code ?? '');
}
