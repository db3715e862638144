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

/** The fields as node sends them on, with those that must never be indexed by a compression still marked. */
export function markedFields(fields: string[], headers: IncomingHttpHeaders): string[] {
  const names = sensitiveNames(headers);
  const sendable = isSendable(fields) ? fields : sendableFields(fields);
  return names.length === 0 ? sendable : Object.assign(sendable, { [sensitiveHeaders]: names });
}

/** The same as an object, for what node takes in no other shape. */
export function fieldObject(fields: readonly string[], headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const sendable = isSendable(fields) ? fields : sendableFields(fields);
  // Names come from outside: without a prototype, none of them is there already.
  const values = Object.create(null) as Record<string | symbol, string[]>;
  for (let i = 0; i < sendable.length; i += 2) (values[sendable[i] ?? ''] ??= []).push(sendable[i + 1] ?? '');
  values[sensitiveHeaders] = sensitiveNames(headers);
  return values;
}

export function isGrpc(fields: readonly string[]): boolean {
  return valueOf(fields, 'content-type')?.startsWith('application/grpc') ?? false;
}

function sensitiveNames(headers: IncomingHttpHeaders): string[] {
  return (headers as { [sensitiveHeaders]?: string[] })[sensitiveHeaders] ?? [];
}

// /!\ Hot path
function isSendable(fields: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'http2-settings') return false;
    if (fields[i] === 'te' && (fields[i + 1] !== 'trailers' || ++count > 1)) return false;
  }
  return true;
}

/** Without what is of one connection only; node receives it, and throws when it is to send it. */
function sendableFields(fields: readonly string[]): string[] {
  const sendable: string[] = [];
  let hasTe = false;
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = fields.slice(i, i + 2);
    if (name === 'http2-settings') continue;
    if (name !== 'te') sendable.push(name, value);
    else if (!hasTe && value.trim().toLowerCase() === 'trailers') {
      hasTe = true;
      sendable.push(name, 'trailers');
    }
  }
  return sendable;
}
