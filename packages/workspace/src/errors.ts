import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** What a workspace refuses or fails with. The list is closed; `spec/errors.md` explains each. */
export const workspaceErrorCodes = [
  'resource_not_found',
  'resource_exists',
  'resource_busy',
  'resource_in_use',
  'etag_mismatch',
  'request_invalid',
  'request_refused',
  'credential_missing',
  'credential_wrong',
  'attempts_too_many',
  'access_denied',
  'program_unsupported',
  'artifact_missing',
  'artifact_unreadable',
  'key_file_invalid',
  'secret_unreadable',
  'catalog_newer',
  'catalog_failed',
] as const;

export type WorkspaceErrorCode = (typeof workspaceErrorCodes)[number];

export interface WorkspaceErrorOptions extends GleanerErrorOptions {
  /** One for each thing that is wrong, where there are several. */
  details?: readonly string[];
}

/** Its message goes to the user as it is: no secret, and no path that only we know. */
export class WorkspaceError extends GleanerError {
  override readonly name = 'WorkspaceError';
  declare readonly code: WorkspaceErrorCode;
  readonly details: readonly string[];

  constructor(code: WorkspaceErrorCode, message: string, options: WorkspaceErrorOptions = {}) {
    super(code, message, options);
    this.details = options.details ?? [];
  }
}

export function invalid(message: string, options: WorkspaceErrorOptions = {}): WorkspaceError {
  return new WorkspaceError('request_invalid', message, options);
}
