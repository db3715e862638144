/** What ties the events of one request together. Any object of this shape will do. */
export interface CorrelationContext {
  /** Becomes `correlationid` and `xrequestid`: Latin-1 text without control characters or blanks around it. */
  readonly id: string;
  /** Epoch seconds; a fraction is cut on the wire. */
  readonly timestamp: number;
  /** Each entry becomes an attribute of the record, named by its key in lower case and without dashes. */
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface BasicCorrelationContextOptions {
  id?: string | number | bigint | null | undefined;
  timestamp?: number | null | undefined;
  headers?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The usual context. An id that is left out or empty becomes a new UUID, a timestamp that is left out or 0 the current second
 * (compat 1.6). Takes one object, or the three values in the original's order: id, timestamp, headers.
 */
export class BasicCorrelationContext implements CorrelationContext {
  readonly id: string;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, unknown>>;

  constructor(
    given?: BasicCorrelationContextOptions | BasicCorrelationContextOptions['id'],
    timestamp?: BasicCorrelationContextOptions['timestamp'],
    headers?: BasicCorrelationContextOptions['headers'],
  ) {
    const options = typeof given === 'object' && given !== null ? given : { id: given, timestamp, headers };
    this.id = options.id ? String(options.id) : crypto.randomUUID();
    this.timestamp = options.timestamp || Math.floor(Date.now() / 1000);
    this.headers = { ...options.headers };
  }

  toString(): string {
    return this.id;
  }
}

/** In debug mode `collect` returns its context in this wrapper, which goes wherever a context goes. */
export class WrapperContext implements CorrelationContext {
  readonly #context: CorrelationContext;
  readonly #success: boolean;
  readonly #message: string;

  constructor(context: CorrelationContext, success: boolean, message: string) {
    this.#context = context;
    this.#success = success;
    this.#message = message;
  }

  get id(): string {
    return this.#context.id;
  }

  get timestamp(): number {
    return this.#context.timestamp;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.#context.headers;
  }

  isSuccess(): boolean {
    return this.#success;
  }

  /** `accepted`, `dropped_sampling`, or the message of the error. */
  getMessage(): string {
    return this.#message;
  }

  toString(): string {
    return this.id;
  }
}

/** A new context with a new id and the current second. */
export function getContext(): CorrelationContext {
  return new BasicCorrelationContext();
}

export function getContextWrapper(
  context: CorrelationContext,
  success: boolean,
  message: string,
): WrapperContext {
  return new WrapperContext(context, success, message);
}
