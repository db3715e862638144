import {
  inWords,
  isFileCode,
  isSystemCode,
  plainCause,
  systemFailure,
  unreachable,
  withoutSecrets,
} from '../cloud-failures.ts';
import type { ForeignFailure } from '../cloud-failures.ts';
import { DatastoreError } from '../errors.ts';
import { notFound } from '../failures.ts';
import type { ObjectCall } from '../object-service.ts';

/** What messages say besides the failure itself. */
export interface GcsAccess {
  bucket: string;
  /** Who asked, in words. */
  identity: string;
  /** Where: an address. */
  service: string;
}

/** No token could be had; `cause` is what the login said. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed';
}

/** Translates what a call or the login before it threw. */
export function gcsFailure(error: unknown, call: ObjectCall, access: GcsAccess): DatastoreError {
  if (error instanceof LoginFailed) return loginFailure(error.cause, call, access);
  const failure = foreignFailure(error);
  const { code, status } = failure;
  const why = inWords(failure);
  const cause = plainCause(failure);
  const about = `${call.subject} could not be ${done[call.action]} by ${access.identity}`;

  if (status === 401 || status === 403) {
    if (code === 'rateLimitExceeded' || code === 'userRateLimitExceeded')
      return new DatastoreError('store_throttled', `${access.service} asks to slow down: ${why}`, { cause });
    const permission = permissions[call.action];
    const lacks = status === 403 ? ` It lacks ${permission} on the bucket ${access.bucket}.` : '';
    const fix =
      status === 403
        ? `Grant it roles/storage.objectAdmin on gs://${access.bucket}, or name another credentials_file.`
        : 'The login was refused: set the clock of this machine, renew the credentials, or name another credentials_file.';
    return new DatastoreError('store_permission_denied', `${about}: ${why.replace(/\.?$/, '.')}${lacks}`, {
      fix,
      cause,
    });
  }
  // Objects that are missing are answers; of what else is asked for, only the bucket can be.
  if (status === 404 && call.action !== 'read')
    return new DatastoreError(
      'store_container_not_found',
      `${access.service} has no bucket ${access.bucket}: ${why}`,
      {
        fix: 'Make the bucket, or correct its name.',
        cause,
      },
    );
  if (status === 404) return notFound(call.subject);
  if (status === 429 || status === 503)
    return new DatastoreError(
      'store_throttled',
      `${access.service} asks to slow down (${call.subject}): ${why}`,
      { cause },
    );
  if (status === 507)
    return new DatastoreError('store_full', `${about}: there is no room: ${why}`, { cause });
  if (status === 502 || status === 504 || status === 408) return unreachable(access.service, failure);
  if (status === undefined && isSystemCode(code)) return unreachable(access.service, failure);
  return new DatastoreError('store_failed', `${about}: ${why}`, { cause });
}

/** The status of the answer, when there was one. */
export function statusOf(error: unknown): number | undefined {
  const status = responseOf(error)?.['status'];
  return typeof status === 'number' ? status : undefined;
}

function loginFailure(error: unknown, call: ObjectCall, access: GcsAccess): DatastoreError {
  const failure = foreignFailure(error);
  const { code, status } = failure;
  if (status === undefined ? isSystemCode(code) && !isFileCode(code) : status >= 500 || status === 429)
    return unreachable('The login of Google', failure);
  return new DatastoreError(
    'store_permission_denied',
    `${call.subject} could not be ${done[call.action]}: ${access.identity} cannot log in: ${inWords(failure)}`,
    {
      fix: 'Name a credentials_file that is valid, sign in (gcloud auth application-default login), or give the machine a service account.',
      cause: plainCause(failure),
    },
  );
}

const done = { read: 'read', write: 'written', list: 'listed', delete: 'deleted' } as const;

const permissions = {
  read: 'storage.objects.get and storage.objects.list',
  write: 'storage.objects.create and storage.objects.delete',
  list: 'storage.objects.list',
  delete: 'storage.objects.delete',
} as const;

function responseOf(error: unknown): Record<string, unknown> | undefined {
  return error instanceof Error && 'response' in error && isRecord(error.response)
    ? error.response
    : undefined;
}

function foreignFailure(error: unknown): ForeignFailure {
  const system = systemFailure(error);
  const status = statusOf(error);
  if (status === undefined) {
    // The client wraps what happened to the connection.
    const inner = error instanceof Error ? systemFailure(error.cause) : system;
    const told = system.code === '' && inner.code !== '' ? { ...system, code: inner.code } : system;
    return { ...told, message: withoutTokens(told.message) };
  }
  const { code, message } = reasonOf(responseOf(error)?.['data']);
  return { code, status, message: withoutTokens(message || system.message) };
}

/** The storage says `{ error: { message, errors: [{ reason }] } }`, the login `{ error, error_description }`, others plain text. */
function reasonOf(data: unknown): { code: string; message: string } {
  const answer = parsed(data);
  if (typeof answer === 'string') return { code: '', message: answer.trim().slice(0, 500) };
  if (!isRecord(answer)) return { code: '', message: '' };
  const { error } = answer;
  if (typeof error === 'string') return { code: error, message: textOf(answer['error_description']) };
  if (!isRecord(error)) return { code: '', message: '' };
  const first: unknown = Array.isArray(error['errors']) ? error['errors'][0] : undefined;
  return { code: isRecord(first) ? textOf(first['reason']) : '', message: textOf(error['message']) };
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Tokens of Google, and of the identities it trusts, should an answer repeat one. Upload sessions write without a login. */
function withoutTokens(text: string): string {
  const tokens = text.match(/ya29\.[\w.-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|upload_id=[\w-]+/g) ?? [];
  return withoutSecrets(text, tokens);
}
