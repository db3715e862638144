/** Header fields as node gives them: names and values in turn, in the order of the wire. */
import { sensitiveHeaders } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

import type { HeaderFacts } from '../exchange.ts';

export function factsOf(fields: readonly string[]): HeaderFacts {
  return { get: (lowerCaseName) => valueOf(fields, lowerCaseName) };
}

export function valueOf(fields: readonly string[], lowerCaseName: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === lowerCaseName) return fields[i + 1];
  return undefined;
}

/** The fields again, with those that must never be indexed by a compression still marked. */
export function markedFields(fields: string[], headers: IncomingHttpHeaders): string[] {
  const names = sensitiveNames(headers);
  return names.length === 0 ? fields : Object.assign(fields, { [sensitiveHeaders]: names });
}

/** As an object, for what node takes in no other shape. */
export function fieldObject(fields: readonly string[], headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const values: Record<string, string[]> = {};
  for (let i = 0; i < fields.length; i += 2) (values[fields[i] ?? ''] ??= []).push(fields[i + 1] ?? '');
  return Object.assign(values, { [sensitiveHeaders]: sensitiveNames(headers) });
}

export function isGrpc(fields: readonly string[]): boolean {
  return valueOf(fields, 'content-type')?.startsWith('application/grpc') ?? false;
}

function sensitiveNames(headers: IncomingHttpHeaders): string[] {
  return (headers as { [sensitiveHeaders]?: string[] })[sensitiveHeaders] ?? [];
}
