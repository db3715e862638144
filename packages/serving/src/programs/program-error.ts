import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';
import type { RuntimeFailure } from '@gleaner/workspace/api';

/** Why a program cannot be made ready to run; explained in `spec/errors.md`. */
export const programErrorCodes = ['environment_failed', 'program_failed', 'port_in_use'] as const;

export type ProgramErrorCode = (typeof programErrorCodes)[number];

/** A `RuntimeFailure`: its message and log are told to the user as they are. */
export class ProgramError extends GleanerError implements RuntimeFailure {
  override readonly name = 'ProgramError';
  declare readonly code: ProgramErrorCode;
  /** The last lines of the output that shows it. */
  declare readonly log?: string;

  constructor(code: ProgramErrorCode, message: string, options: ProgramErrorOptions = {}) {
    super(code, message, options);
    if (options.log !== undefined) this.log = options.log;
  }
}

export interface ProgramErrorOptions extends GleanerErrorOptions {
  log?: string;
}
