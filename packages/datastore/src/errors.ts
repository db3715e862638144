import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** What can go wrong in a store, whatever the store. The list is closed; `spec/errors.md` explains each. */
export const datastoreErrorCodes = [
  'store_unreachable',
  'store_timeout',
  'store_throttled',
  'store_full',
  'store_permission_denied',
  'store_container_not_found',
  'store_conflict',
  'store_object_closed',
  'store_not_found',
  'store_path_invalid',
  'store_settings_invalid',
  'store_failed',
] as const;

export type DatastoreErrorCode = (typeof datastoreErrorCodes)[number];

export class DatastoreError extends GleanerError {
  override readonly name = 'DatastoreError';
  declare readonly code: DatastoreErrorCode;

  constructor(code: DatastoreErrorCode, message: string, options: GleanerErrorOptions = {}) {
    super(code, message, { retryable: retryableCodes.has(code), ...options });
  }
}

const retryableCodes: ReadonlySet<DatastoreErrorCode> = new Set([
  'store_unreachable',
  'store_timeout',
  'store_throttled',
  'store_full',
  'store_permission_denied',
  'store_container_not_found',
  'store_failed',
]);
