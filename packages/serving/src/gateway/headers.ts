/** Headers on their way through: what belongs to one connection stays there, and the ids of a request are the gateway's. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface RequestIds {
  kind: 'ids';
  requestId: string;
  /** Of the answer, names and values in turn. */
  answerHeaders: readonly string[];
}

/** Marks an answer of a tap that could not reach its program: the program never saw the request. */
export const undeliveredHeader = 'x-gleaner-undelivered';

const maxIdLength = 100;

/** Takes the ids that the client gave, and makes a request id where it gave none that can be written into a header. */
export function requestIds(headers: IncomingHttpHeaders): RequestIds | { kind: 'too long'; name: string } {
  const given = single(headers['x-request-id']);
  const client = single(headers['x-ms-client-request-id']);
  if (given !== undefined && given.length > maxIdLength) return { kind: 'too long', name: 'x-request-id' };
  if (client !== undefined && client.length > maxIdLength)
    return { kind: 'too long', name: 'x-ms-client-request-id' };
  const requestId = given !== undefined && /^[\x21-\x7e]+$/.test(given) ? given : randomUUID();
  const answerHeaders = ['x-request-id', requestId];
  // The inference server of the original answers with the client's id under this name when there is one.
  answerHeaders.push('x-ms-request-id', client ?? requestId);
  if (client !== undefined) answerHeaders.push('x-ms-client-request-id', client);
  return { kind: 'ids', requestId, answerHeaders };
}

/** Not passed on (RFC 9110, 7.6.1), `expect` besides: the gateway answers it. */
const ofConnection =
  words(`connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te
  transfer-encoding upgrade`);
const notForModels: ReadonlySet<string> = new Set([
  ...ofConnection,
  ...words('trailer authorization x-request-id'),
]);
/** How a request came is for us to say: the workspace writes addresses by it. */
const forwardedProto = 'x-forwarded-proto';
const notForWorkspace: ReadonlySet<string> = new Set([
  ...ofConnection,
  ...words('trailer forwarded x-forwarded-host'),
  forwardedProto,
]);
const notForClients: ReadonlySet<string> = new Set(ofConnection);
const ofGateway: ReadonlySet<string> = new Set([
  ...ofConnection,
  ...words('x-request-id x-ms-request-id x-ms-client-request-id azureml-model-deployment'),
  undeliveredHeader,
]);

export function toModel(raw: readonly string[], requestId: string): string[] {
  const headers = without(raw, notForModels);
  headers.push('x-request-id', requestId);
  return headers;
}

export function toWorkspace(raw: readonly string[], { isTls }: { isTls: boolean }): string[] {
  const headers = without(raw, notForWorkspace);
  if (isTls) headers.push(forwardedProto, 'https');
  return headers;
}

export function fromModel(raw: readonly string[], own: readonly string[]): string[] {
  const headers = without(raw, ofGateway);
  headers.push(...own);
  return headers;
}

export function fromWorkspace(raw: readonly string[]): string[] {
  return without(raw, notForClients);
}

/** Names and values in turn, as Node and undici give them. */
// /!\ Hot path: once for each request and each answer.
function without(raw: readonly string[], dropped: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  let named: Set<string> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]];
    const lower = name.toLowerCase();
    if (lower === 'connection') {
      named ??= new Set();
      for (const option of value.split(',')) named.add(option.trim().toLowerCase());
    } else if (!dropped.has(lower)) kept.push(name, value);
  }
  if (named === undefined) return kept;
  named.delete('keep-alive');
  named.delete('close');
  return named.size === 0 ? kept : without(kept, named);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function words(text: string): string[] {
  return text.split(/\s+/);
}
