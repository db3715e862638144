/** Every answer of the intake, as bytes. One file maps what happened to a status (style 17). */
import type { DropReason } from '@gleaner/protocol';

import type { Acceptance } from '../flow.ts';
import type { ProblemCode } from '../http1/halt.ts';

export interface Refusal {
  status: number;
  code: string;
  message: string;
  /** Seconds. */
  retryAfter?: number;
}

const okText = 'ok';
const ok = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${okText.length}\r\n\r\n${okText}`,
);
const okAndClose = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${okText.length}\r\nConnection: close\r\n\r\n${okText}`,
);
export const continueAnswer: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

export function okAnswer(keepAlive: boolean): Buffer {
  return keepAlive ? ok : okAndClose;
}

export function refusalAnswer(refusal: Refusal, options: { keepAlive: boolean; allow?: string }): Buffer {
  const body = JSON.stringify({ error: { code: refusal.code, message: refusal.message } });
  const lines = [
    `HTTP/1.1 ${refusal.status} ${reasonPhrases[refusal.status] ?? 'Error'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (refusal.retryAfter !== undefined) lines.push(`Retry-After: ${refusal.retryAfter}`);
  if (options.allow !== undefined) lines.push(`Allow: ${options.allow}`);
  if (!options.keepAlive) lines.push('Connection: close');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** The answer to an acceptance, or to the decision that no body was wanted. A sampled-out event was taken care of. */
export function dropRefusal(reason: DropReason, collection: string): Refusal | undefined {
  switch (reason) {
    case 'sampled_out':
      return undefined;
    case 'collection_not_enabled':
      return {
        status: 404,
        code: reason,
        message: `Collection '${collection}' is not enabled; enable it under data_collector.collections.`,
      };
    case 'event_invalid':
      return { status: 400, code: reason, message: 'The event is not valid.' };
    case 'body_too_large':
      return { status: 413, code: reason, message: 'The body is larger than this collector takes.' };
    case 'body_incomplete':
      return { status: 408, code: reason, message: 'The rest of the request did not come in time.' };
    case 'spool_full':
      return unavailable(reason, 'The spool is full: the store cannot keep up. Try again.');
    case 'disk_full':
      return unavailable(reason, 'The disk of the spool is full. Try again.');
    case 'spool_failed':
      return unavailable(reason, 'The spool cannot be written. Try again.');
    case 'shutting_down':
      return unavailable(reason, 'The collector is shutting down. Try again.');
  }
}

export function acceptanceRefusal(acceptance: Acceptance, collection: string): Refusal | undefined {
  return acceptance.kind === 'refused' ? dropRefusal(acceptance.reason, collection) : undefined;
}

export function framingRefusal(code: ProblemCode, message: string): Refusal {
  return { status: framingStatus[code] ?? 400, code, message };
}

export const notFound: Refusal = {
  status: 404,
  code: 'route_unknown',
  message: 'The intake knows POST /modeldata/log and POST /events.',
};

export const methodNotAllowed: Refusal = { status: 405, code: 'method_not_allowed', message: 'Use POST.' };

export const unauthorized: Refusal = {
  status: 401,
  code: 'token_missing_or_wrong',
  message: 'Send the intake token as "Authorization: Bearer <token>".',
};

function unavailable(code: string, message: string): Refusal {
  return { status: 503, code, message, retryAfter: 1 };
}

const framingStatus: Partial<Record<ProblemCode, number>> = {
  head_too_large: 431,
  version_unsupported: 505,
  body_too_large: 413,
};

const reasonPhrases: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};
