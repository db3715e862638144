/** The one place where errors become answers. A 5xx never carries the inner message. */
import { GleanerError } from '@gleaner/protocol';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ZodError } from 'zod';

import type { ErrorBody } from '../api/resources.ts';
import { WorkspaceError } from '../errors.ts';
import type { WorkspaceErrorCode } from '../errors.ts';

interface Answer {
  status: number;
  body: ErrorBody;
}

/** The words of Azure Resource Manager, which its clients compare. */
const answers: Readonly<Record<WorkspaceErrorCode, readonly [status: number, code: string]>> = {
  resource_not_found: [404, 'ResourceNotFound'],
  resource_exists: [409, 'Conflict'],
  resource_busy: [409, 'ResourceOperationInProgress'],
  resource_in_use: [400, 'ResourceInUse'],
  etag_mismatch: [412, 'PreconditionFailed'],
  request_invalid: [400, 'BadRequest'],
  request_refused: [403, 'Forbidden'],
  credential_missing: [401, 'AuthenticationFailed'],
  credential_wrong: [401, 'InvalidAuthenticationToken'],
  attempts_too_many: [429, 'TooManyRequests'],
  access_denied: [403, 'AuthorizationFailed'],
  program_unsupported: [400, 'BadRequest'],
  artifact_missing: [400, 'BadRequest'],
  artifact_unreadable: [400, 'BadRequest'],
  key_file_invalid: [500, 'InternalServerError'],
  secret_unreadable: [500, 'InternalServerError'],
  catalog_newer: [500, 'InternalServerError'],
  catalog_failed: [500, 'InternalServerError'],
};

/** What fastify refuses by itself, before a route sees it. */
const refusals: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  413: 'RequestEntityTooLarge',
  414: 'RequestUriTooLong',
  415: 'UnsupportedMediaType',
};

export function answerError(error: unknown): Answer {
  if (error instanceof WorkspaceError) {
    const [status, code] = answers[error.code];
    return status >= 500
      ? internal(status)
      : answer(status, { code, message: error.message, details: detailsOf(error) });
  }
  if (error instanceof GleanerError)
    return answer(400, { code: 'BadRequest', message: error.message, details: fixOf(error) });
  if (error instanceof ZodError)
    return answer(400, {
      code: 'ValidationError',
      message: 'The body does not have the shape of its resource.',
      details: error.issues.map(({ path, message }) => ({
        code: 'InvalidProperty',
        message: issue(path, message),
      })),
    });
  if (hasZodFastifySchemaValidationErrors(error))
    return answer(400, {
      code: 'ValidationError',
      message: 'The body does not have the shape of its resource.',
      details: error.validation.map(({ instancePath, message }) => ({
        code: 'InvalidProperty',
        message: issue(instancePath.split('/').slice(1), message ?? 'is not valid'),
      })),
    });
  const status = statusOf(error);
  const code = refusals[status];
  if (code === undefined || !(error instanceof Error)) return internal(500);
  return answer(status, { code, message: error.message, details: [] });
}

function answer(
  status: number,
  { code, message, details }: { code: string; message: string; details: { code: string; message: string }[] },
): Answer {
  return { status, body: { error: { code, message, ...(details.length === 0 ? {} : { details }) } } };
}

function internal(status: number): Answer {
  const message = 'The workspace failed; its log says why.';
  return { status, body: { error: { code: 'InternalServerError', message } } };
}

function detailsOf(error: WorkspaceError) {
  return [...error.details.map((message) => ({ code: error.code, message })), ...fixOf(error)];
}

function fixOf({ fix }: GleanerError) {
  return fix === undefined ? [] : [{ code: 'fix', message: fix }];
}

function issue(path: readonly PropertyKey[], message: string): string {
  return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`;
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
}
