import { indexFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { readDeclared, requestFraming, responseFraming } from './framing.ts';
import type { Framing } from './framing.ts';
import { checkBlock, requestBlock, responseBlock, trailerBlock } from './grammar.ts';
import type { Block } from './grammar.ts';
import { problem } from './halt.ts';
import type { Problem } from './halt.ts';

interface MessageHead {
  readonly version: '1.0' | '1.1';
  readonly headers: Fields;
  readonly framing: Framing;
  /** Whether the connection may carry another message after this one. */
  readonly keepAlive: boolean;
  /** Start line, fields and empty line as received. */
  readonly byteLength: number;
}

export interface RequestHead extends MessageHead {
  readonly kind: 'request';
  readonly method: string;
  readonly target: string;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectContinue: boolean;
  /** The client asks for another protocol; what follows stays HTTP unless the response switches. */
  readonly upgrade: boolean;
}

export interface ResponseHead extends MessageHead {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  /** 1xx but 101: a message of its own, without a body, before the response proper. */
  readonly informational: boolean;
  /** 101, or CONNECT granted: what follows is another protocol. */
  readonly upgrade: boolean;
}

export interface FieldOptions {
  lenient: boolean;
  maxFields: number;
}

/** `/!\ Hot path`. `text` is all of a head with its empty line, read as Latin-1. */
export function parseRequestHead(text: string, options: FieldOptions): RequestHead | Problem {
  const headers = parseFields(text, requestBlock, options);
  if ('code' in headers) return headers;
  const methodEnd = text.indexOf(' ');
  const versionStart = text.indexOf('\r') - 'HTTP/1.x'.length;
  const method = text.slice(0, methodEnd);
  const version = versionAt(text, versionStart);
  const declared = readDeclared(headers);
  const framing = requestFraming(declared, { version, method });
  if (framing.kind === 'problem') return framing;
  return {
    kind: 'request',
    method,
    target: text.slice(methodEnd + 1, versionStart - 1),
    version,
    headers,
    framing,
    keepAlive: !declared.close && (version === '1.1' || declared.keepAlive),
    expectContinue: version === '1.1' && declared.expectContinue,
    upgrade: framing.kind === 'opaque' || (version === '1.1' && declared.upgrade),
    byteLength: text.length,
  };
}

/** `/!\ Hot path`. As {@link parseRequestHead}; how a response ends depends on the method it answers. */
export function parseResponseHead(
  text: string,
  requestMethod: string | undefined,
  options: FieldOptions,
): ResponseHead | Problem {
  const headers = parseFields(text, responseBlock, options);
  if ('code' in headers) return headers;
  if (requestMethod === undefined)
    return problem('response_unexpected', 'There is no request this could answer');
  const version = versionAt(text, 0);
  const status = Number(text.slice(9, 12));
  const informational = status < 200 && status !== 101;
  const declared = readDeclared(headers);
  const framing = responseFraming(declared, { version, status, requestMethod });
  if (framing.kind === 'problem') return framing;
  const persists =
    framing.kind !== 'until-close' && !declared.close && (version === '1.1' || declared.keepAlive);
  return {
    kind: 'response',
    status,
    reason: text.slice(13, text.indexOf('\r')),
    version,
    headers,
    framing,
    keepAlive: informational || persists,
    informational,
    upgrade: framing.kind === 'opaque',
    byteLength: text.length,
  };
}

/** `text` is all of a trailer section, from the line end before it to its empty line. */
export function parseTrailers(text: string, options: FieldOptions): Fields | Problem {
  const trailers = parseFields(text, trailerBlock, options);
  if ('code' in trailers) return trailers;
  const late = ['content-length', 'transfer-encoding', 'connection'].find(
    (name) => trailers.get(name) !== undefined,
  );
  if (late === undefined) return trailers;
  return problem('framing_ambiguous', `${late} comes after the body`);
}

function parseFields(text: string, block: Block, options: FieldOptions): Fields | Problem {
  const wrong = checkBlock(text, block, options.lenient);
  if (wrong !== undefined) return wrong;
  const fields = indexFields(text);
  if (fields.size <= options.maxFields) return fields;
  return problem(block.tooLarge, `${fields.size} fields; the limit is ${options.maxFields}`);
}

function versionAt(text: string, start: number): '1.0' | '1.1' {
  return text.charCodeAt(start + 'HTTP/1.'.length) === 49 ? '1.1' : '1.0';
}
