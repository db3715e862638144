import { typePrefix } from '@gleaner/protocol';

import type { CorrelationContext } from './context.ts';
import { CollectorError } from './errors.ts';
import { agent } from './version.ts';

/** What the headers say of an event (compat 2). */
export interface EventAttributes {
  /** Lower-case name. */
  collection: string;
  traceId: string;
  collectDataType: string;
  context: CorrelationContext;
}

/** Throws `context_invalid` for an id that would not arrive as it is. */
export function checkContextId(context: CorrelationContext): string {
  const id: unknown = typeof context === 'object' && context !== null ? context.id : undefined;
  if (typeof id === 'string' && carriedId.test(id)) return id;
  throw new CollectorError(
    'context_invalid',
    `the correlation id ${quoted(id)} cannot travel in an HTTP header`,
    {
      fix: 'Use text of Latin-1 characters, without control characters and without blanks at its ends.',
    },
  );
}

/** Epoch seconds of the context. Throws `context_invalid` where it holds none. */
export function contextSeconds({ timestamp }: CorrelationContext): number {
  if (typeof timestamp === 'number' && timestamp >= 0 && timestamp < 100 * smallestMilliseconds) {
    return Math.floor(timestamp < smallestMilliseconds ? timestamp : timestamp / 1000);
  }
  throw new CollectorError('context_invalid', `the context's timestamp is ${quoted(timestamp)}`, {
    fix: 'Give epoch seconds, or leave it out for now.',
  });
}

/** The headers of `POST /modeldata/log`; the SDK's own win over the context's. Throws `context_invalid`. */
export function eventHeaders({
  collection,
  traceId,
  collectDataType,
  context,
}: EventAttributes): Record<string, string> {
  return {
    ...contextHeaders(context),
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': agent,
    'trace-id': traceId,
    'ce-type': typePrefix + collection,
    'ce-time': String(contextSeconds(context)),
    'ce-collect-data-type': collectDataType,
    'ce-agent': agent,
    'ce-model-version': 'default',
    'ce-x-request-id': checkContextId(context),
  };
}

/** True for text that a header value carries unchanged, but for blanks at its ends. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

const carriedId = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** In seconds this is the year 5138: whoever gives more has given milliseconds, as `Date.now()` does. */
const smallestMilliseconds = 1e11;

function contextHeaders(context: CorrelationContext): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(context.headers ?? {})) {
    if (value === undefined || value === null) continue;
    const name = `ce-${key.toLowerCase()}`;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (!token.test(name) || !isHeaderText(text)) {
      throw new CollectorError(
        'context_invalid',
        `the context header ${quoted(key)}: ${quoted(text)} cannot travel`,
        {
          fix: 'Use letters, digits and dashes in its name, Latin-1 characters without control characters in its value.',
        },
      );
    }
    headers[name] = text;
  }
  return headers;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
