/** What the services say when they do not do as they are asked, word for word where it matters: codes, statuses, headers. */
import type { FailStatus, RefuseReason } from './http-faults.ts';

export type StoreService = 'azure_blob' | 's3' | 'gcs';

export interface StoreAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What went wrong: a status of a server that is not well, or why somebody may not. */
export function storeAnswer(service: StoreService, what: FailStatus | RefuseReason): StoreAnswer {
  const [status, code, message] = answers[service][what];
  switch (service) {
    // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
    case 'azure_blob': {
      const headers = { 'content-type': 'application/xml', 'x-ms-error-code': code };
      return { status, headers, body: xml(code, message) };
    }
    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    case 's3':
      return { status, headers: { 'content-type': 'application/xml' }, body: xml(code, message) };
    // https://cloud.google.com/storage/docs/json_api/v1/status-codes
    case 'gcs': {
      const errors = [{ message, domain: 'global', reason: code }];
      const body = JSON.stringify({ error: { code: status, message, errors } });
      return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body };
    }
  }
}

type Told = readonly [status: number, code: string, message: string];

const answers: Record<StoreService, Record<FailStatus | RefuseReason, Told>> = {
  azure_blob: {
    429: [429, 'TooManyRequests', 'Too many requests have been sent in a given amount of time.'],
    500: [500, 'InternalError', 'The server encountered an internal error. Please retry the request.'],
    503: [
      503,
      'ServerBusy',
      'The server is currently unable to receive requests. Please retry your request.',
    ],
    'permission withdrawn': [
      403,
      'AuthorizationPermissionMismatch',
      'This request is not authorized to perform this operation using this permission.',
    ],
    'login expired': [401, 'InvalidAuthenticationInfo', 'Lifetime validation failed. The token is expired.'],
  },
  s3: {
    429: [429, 'TooManyRequests', 'Please reduce your request rate.'],
    500: [500, 'InternalError', 'We encountered an internal error. Please try again.'],
    503: [503, 'SlowDown', 'Please reduce your request rate.'],
    'permission withdrawn': [403, 'AccessDenied', 'Access Denied'],
    'login expired': [400, 'ExpiredToken', 'The provided token has expired.'],
  },
  gcs: {
    429: [429, 'rateLimitExceeded', 'The rate of requests is too high.'],
    500: [500, 'backendError', 'We encountered an internal error. Please try again.'],
    503: [503, 'backendError', 'Service unavailable. Please try again.'],
    'permission withdrawn': [
      403,
      'forbidden',
      'The identity does not have storage.objects.create access to the Google Cloud Storage object.',
    ],
    'login expired': [401, 'authError', 'Invalid Credentials'],
  },
};

function xml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
