import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** Why a collector does not start, or stops; `spec/errors.md` explains each. */
export const collectorErrorCodes = [
  'configuration_invalid',
  'address_in_use',
  'token_required',
  'spool_in_use',
  'spool_version_unsupported',
  'spool_unusable',
  'spool_failed',
  'spool_store_unknown',
] as const;

export type CollectorErrorCode = (typeof collectorErrorCodes)[number];

export class CollectorError extends GleanerError {
  override readonly name = 'CollectorError';
  declare readonly code: CollectorErrorCode;

  constructor(code: CollectorErrorCode, message: string, options: GleanerErrorOptions = {}) {
    super(code, message, options);
  }
}

/** `errno` code of a failed system call, or the message of anything else. */
export function causeOf(error: unknown): string {
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}
