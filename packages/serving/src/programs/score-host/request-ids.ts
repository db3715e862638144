import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface RequestIds {
  requestId: string;
  clientRequestId: string;
}

const maxIdCharacters = 100;

/** The ids of a request as the original's inference server reads them; `problem` is answered with 431. */
export function readRequestIds(headers: IncomingHttpHeaders): RequestIds | { problem: string } {
  const requestId = first(headers['x-request-id']) || randomUUID();
  if (requestId.length > maxIdCharacters) {
    return { problem: `x-request-id must not exceed ${maxIdCharacters} characters` };
  }
  const legacyId = first(headers['x-ms-request-id']);
  const clientRequestId = first(headers['x-ms-client-request-id']) || legacyId;
  if (clientRequestId.length > maxIdCharacters || legacyId.length > maxIdCharacters) {
    return {
      problem: `x-ms-request-id and x-ms-client-request-id must not exceed ${maxIdCharacters} characters`,
    };
  }
  return { requestId, clientRequestId };
}

/** The headers that give the ids back. */
export function answeredIds(ids: RequestIds, asked: IncomingHttpHeaders): Record<string, string> {
  const { requestId, clientRequestId } = ids;
  const traceId = first(asked['traceid']);
  return {
    'x-request-id': requestId,
    'x-ms-request-id': first(asked['x-ms-request-id']) || clientRequestId || requestId,
    ...(clientRequestId === '' ? {} : { 'x-ms-client-request-id': clientRequestId }),
    ...(traceId === '' ? {} : { TraceId: traceId }),
  };
}

function first(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
