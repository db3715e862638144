import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** Why reading refuses as a whole; single bad lines never do, they are findings. `spec/errors.md` explains each. */
export const insightErrorCodes = [
  'window_invalid',
  'no_data',
  'join_column_missing',
  'join_column_shared',
  'join_empty',
  'labels_column_missing',
  'labels_unreadable',
] as const;

export type InsightErrorCode = (typeof insightErrorCodes)[number];

export class InsightError extends GleanerError {
  override readonly name = 'InsightError';
  declare readonly code: InsightErrorCode;

  constructor(code: InsightErrorCode, message: string, options: GleanerErrorOptions = {}) {
    super(code, message, options);
  }
}
