import { GleanerError } from '@gleaner/protocol';
import type { RuntimeFailure } from '@gleaner/workspace/api';

/** A {@link RuntimeFailure} that can be thrown. */
export class RuntimeError extends GleanerError implements RuntimeFailure {
  override readonly name: string = 'RuntimeError';
  readonly log?: string;

  constructor({ code, message, log }: RuntimeFailure, cause?: unknown) {
    super(code, message, { cause });
    if (log !== undefined) this.log = log;
  }
}

/** What may cross the channel. Errors of the operating system have a code and a message, too, that are not meant for users. */
export function failureOf(error: unknown): RuntimeFailure | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message, log } = error as Partial<Record<string, unknown>>;
  if (typeof code !== 'string' || !/^[a-z][a-z_]+$/.test(code) || typeof message !== 'string')
    return undefined;
  return { code, message, ...(typeof log === 'string' && { log }) };
}
