import { DatastoreError } from './errors.ts';

/** The failures that every store words alike. */

export function conflict(path: string, lengths: { actual: number; offset: number }): DatastoreError {
  const { actual, offset } = lengths;
  return new DatastoreError('store_conflict', `${path} is ${actual} bytes long, not ${offset}.`, {
    fix: 'Ask for the length and go on from there; let one process write to one object.',
  });
}

export function notFound(path: string): DatastoreError {
  return new DatastoreError('store_not_found', `${path} does not exist.`);
}

export function closed(path: string): DatastoreError {
  return new DatastoreError('store_object_closed', `${path} takes no more.`, {
    fix: 'Go on in another object.',
  });
}

export function appendRefused(path: string): DatastoreError {
  return new DatastoreError('store_failed', `${path} cannot grow: this store keeps whole objects only.`, {
    fix: 'Write whole objects with put.',
    retryable: false,
  });
}

export function givenUp(subject: string, cause: unknown): DatastoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DatastoreError('store_timeout', `The call on ${subject} was given up: ${why}`, { cause });
}

export function failed(subject: string, cause: unknown): DatastoreError {
  if (cause instanceof DatastoreError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DatastoreError('store_failed', `The call on ${subject} failed: ${why}`, { cause });
}
