import type { RestError } from '@azure/storage-blob';

/** What the service, or the way to it, answered when a call failed. */
export interface FailedAnswer {
  /** HTTP status; none when there was no answer. */
  status: number | undefined;
  /** The service's own code (`BlobNotFound`), or that of the connection (`ECONNREFUSED`). */
  code: string;
  /** When the service answered, by its own clock. */
  date: string | undefined;
}

/** `undefined` when `error` did not come from the SDK's way to the service. */
export function failedAnswer(error: unknown): FailedAnswer | undefined {
  if (!isRestError(error)) return undefined;
  const { statusCode: status, code, response } = error;
  // The answer to a HEAD has no body, so the SDK does not see the code in it.
  const named = response?.headers.get('x-ms-error-code') ?? code ?? 'no code';
  return { status, code: named, date: response?.headers.get('date') };
}

/** The service's code of the failure, or `undefined`. */
export function failedCode(error: unknown): string | undefined {
  return failedAnswer(error)?.code;
}

export function isMissingBlob(error: unknown): boolean {
  const answer = failedAnswer(error);
  return answer?.status === 404 && !missingContainer.has(answer.code);
}

export const missingContainer: ReadonlySet<string> = new Set([
  'ContainerNotFound',
  'ContainerBeingDeleted',
  'ContainerDisabled',
  'FilesystemNotFound',
]);

function isRestError(error: unknown): error is RestError {
  return error instanceof Error && error.name === 'RestError';
}
