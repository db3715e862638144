import { GleanerError } from '@gleaner/protocol';
import type { GleanerErrorOptions } from '@gleaner/protocol';

/** Why an event is not collected. The list is closed; `spec/errors.md` explains each. */
export const collectorErrorCodes = [
  'collection_name_missing',
  'collection_name_invalid',
  'collection_disabled',
  'custom_logging_disabled',
  'config_invalid',
  'setting_invalid',
  'context_invalid',
  'data_type_unsupported',
  'data_not_serializable',
  'queue_full',
  'queue_closed',
  'event_refused',
  'event_undelivered',
  'event_abandoned',
] as const;

export type CollectorErrorCode = (typeof collectorErrorCodes)[number];

export interface CollectorErrorOptions extends GleanerErrorOptions {
  event?: EventIdentity;
}

/** Which event an error is about; what is not known yet when the error is found is left out. */
export interface EventIdentity {
  collection: string;
  correlationId?: string;
  traceId?: string;
}

/** What `onError` is told, and what is thrown where nobody gave one. */
export class CollectorError extends GleanerError {
  override readonly name = 'CollectorError';
  declare readonly code: CollectorErrorCode;
  #event: Partial<EventIdentity>;

  constructor(code: CollectorErrorCode, message: string, options: CollectorErrorOptions = {}) {
    super(code, message, options);
    this.#event = options.event ?? {};
  }

  get event(): Partial<EventIdentity> {
    return this.#event;
  }

  get collection(): string | undefined {
    return this.#event.collection;
  }

  get correlationId(): string | undefined {
    return this.#event.correlationId;
  }

  /** The `trace-id` that all attempts at sending the event carried, and the `id` of its record. */
  get traceId(): string | undefined {
    return this.#event.traceId;
  }

  /** Says which event it is about, as far as it does not know that itself. */
  about(event: EventIdentity): this {
    this.#event = { ...event, ...this.#event };
    return this;
  }
}

/** The text of whatever was thrown. Never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value without a text';
  }
}
