/** The error every Gleaner package throws on purpose: what happened, why, and what to do about it. */
export class GleanerError extends Error {
  override readonly name: string = 'GleanerError';
  /** Stable and documented in `spec/errors.md`; programs compare this, people read the message. */
  readonly code: string;
  /** One sentence that says what to do, where there is something to do. */
  readonly fix: string | undefined;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: GleanerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
    this.retryable = options.retryable ?? false;
  }
}

export interface GleanerErrorOptions {
  fix?: string;
  cause?: unknown;
  retryable?: boolean;
}
