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
export interface S3Access {
  bucket: string;
  /** Who asked, in words. */
  identity: string;
  /** Where: `S3`, or an address. */
  service: string;
  /** Never shown, whoever repeats them. */
  secrets: readonly string[];
}

/** Translates what the client of S3 throws. The codes are those of the S3 and STS references. */
export function s3Failure(error: unknown, call: ObjectCall, access: S3Access): DatastoreError {
  const failure = foreignFailure(error, access.secrets);
  const { code, status } = failure;
  const why = inWords(failure);
  const cause = plainCause(failure);
  const about = `${call.subject} could not be ${done[call.action]} by ${access.identity}`;

  if (containerCodes.has(code))
    return new DatastoreError(
      'store_container_not_found',
      `${access.service} has no bucket ${access.bucket}: ${why}`,
      {
        fix: 'Make the bucket, or correct its name or the endpoint.',
        cause,
      },
    );
  if (regionCodes.has(code) || status === 301)
    return new DatastoreError(
      'store_container_not_found',
      `The bucket ${access.bucket} lies in another region: ${why}`,
      {
        fix: 'Set region to that of the bucket.',
        cause,
      },
    );
  if (code === 'NoSuchKey') return notFound(call.subject);
  if (throttledCodes.has(code) || status === 429 || status === 503)
    return new DatastoreError(
      'store_throttled',
      `${access.service} asks to slow down (${call.subject}): ${why}`,
      { cause },
    );
  if (fullCodes.has(code) || status === 507)
    return new DatastoreError('store_full', `${about}: there is no room: ${why}`, {
      fix: 'Free space, or raise the quota.',
      cause,
    });
  const cure = cureFor(failure);
  if (cure !== undefined || status === 401 || status === 403) {
    const permission = permissions[call.action];
    const lacks = cure === undefined ? ` It lacks ${permission} on the bucket ${access.bucket}.` : '';
    return new DatastoreError('store_permission_denied', `${about}: ${why.replace(/\.?$/, '.')}${lacks}`, {
      fix:
        cure ??
        `Allow it ${permission} on arn:aws:s3:::${access.bucket} and what is in it, or name other credentials.`,
      cause,
    });
  }
  if (status === 404) return notFound(call.subject);
  if (status === 502 || status === 504 || code === 'RequestTimeout' || code === 'TimeoutError')
    return unreachable(access.service, failure);
  if (status === undefined && isSystemCode(code)) return unreachable(access.service, failure);
  return new DatastoreError('store_failed', `${about}: ${why}`, { cause });
}

/** The status of the answer, when there was one. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata as { httpStatusCode?: number } | undefined;
  return metadata?.httpStatusCode;
}

const done = { read: 'read', write: 'written', list: 'listed', delete: 'deleted' } as const;

const permissions = {
  read: 's3:GetObject and s3:ListBucket',
  write: 's3:PutObject and s3:AbortMultipartUpload',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
} as const;

const containerCodes: ReadonlySet<string> = new Set(['NoSuchBucket', 'InvalidBucketName']);

const regionCodes: ReadonlySet<string> = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

const throttledCodes: ReadonlySet<string> = new Set([
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
]);

const fullCodes: ReadonlySet<string> = new Set([
  'QuotaExceeded',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);

const renew = 'The temporary credentials have expired: put new ones in their place.';
const source =
  'Set credentials, name a profile, or give the machine a role; with a profile of single sign-on, sign in again (aws sso login).';

/** What to do, by the codes that mean: not with these credentials. A missing permission is what is left. */
const cures: Readonly<Record<string, string>> = {
  ExpiredToken: renew,
  ExpiredTokenException: renew,
  TokenRefreshRequired: renew,
  RequestExpired: 'Set the clock of this machine.',
  RequestTimeTooSkewed: 'Set the clock of this machine.',
  SignatureDoesNotMatch: 'Correct the secret access key: it does not belong to this access key.',
  InvalidAccessKeyId: 'Correct the access key: the service does not know it.',
  InvalidToken: 'Correct the session token: it does not belong to this access key.',
  InvalidClientTokenId: 'Correct the access key: the service does not know it.',
  InvalidIdentityToken: 'Check the web identity: the role does not trust who issued it.',
  CredentialsProviderError: source,
  TokenProviderError: source,
};

function cureFor({ code, status }: ForeignFailure): string | undefined {
  if (status === undefined && isFileCode(code)) return source;
  return Object.hasOwn(cures, code) ? cures[code] : undefined;
}

function foreignFailure(error: unknown, secrets: readonly string[]): ForeignFailure {
  const system = systemFailure(error);
  const status = statusOf(error);
  const name =
    error instanceof Error && !/^(Error|AggregateError|TypeError)$/.test(error.name) ? error.name : '';
  // An answer to HEAD has no body, and the client names what it does not know after the status.
  const isNamed = !/^(\d+|Unknown|UnknownError)$/.test(name);
  const message = /^(\d+|Unknown|UnknownError)$/.test(system.message) ? '' : system.message;
  const code = isSystemCode(system.code) && status === undefined ? system.code : isNamed ? name : '';
  return { code, status, message: withoutSecrets(message, secrets) };
}
