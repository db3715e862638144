import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** Why the cache, or a query over it, refuses. */
export const queryErrorCodes = [
  'cache_failed',
  'query_invalid',
  'query_memory_exceeded',
  'query_cancelled',
  'query_failed',
] as const;

export type QueryErrorCode = (typeof queryErrorCodes)[number];

export class QueryError extends GleanerError {
  override readonly name = 'QueryError';
  declare readonly code: QueryErrorCode;

  constructor(code: QueryErrorCode, message: string, options: GleanerErrorOptions = {}) {
    super(code, message, options);
  }
}

export function cancelled(): QueryError {
  return new QueryError('query_cancelled', 'It was cancelled.');
}

/** Error: `query_cancelled`. */
export function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled();
}

/** A failed call to the disk of the cache, in words; what is no such failure stays what it is. */
export function cacheFailure(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new QueryError('cache_failed', `The cache in ${folder} cannot be used.`, {
    cause: error,
    fix: 'Free space on its disk, or name another folder with --cache.',
  });
}
