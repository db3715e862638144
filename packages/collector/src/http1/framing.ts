import type { Fields } from './fields.ts';
import { problem } from './halt.ts';
import type { Problem } from './halt.ts';

/** How the end of a body is found (RFC 9112, section 6). `opaque`: what follows the head is no longer HTTP. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'opaque' };

/** What the fields of a head say about its message and its connection, not yet judged. */
export interface Declared {
  readonly contentLength: string | undefined;
  readonly transferEncoding: string | undefined;
  /** One of the two above came in more than one field. */
  readonly repeated: boolean;
  readonly expectContinue: boolean;
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

/** `/!\ Hot path` */
export function readDeclared(fields: Fields): Declared {
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let repeated = false;
  let expect = '';
  let connection = '';
  let upgrade = false;
  for (let i = 0; i < fields.size; i += 1) {
    switch (fields.nameLengthAt(i)) {
      case 'content-length'.length:
        if (!fields.isNamed(i, 'content-length')) break;
        repeated ||= contentLength !== undefined;
        contentLength = fields.valueAt(i);
        break;
      case 'transfer-encoding'.length:
        if (!fields.isNamed(i, 'transfer-encoding')) break;
        repeated ||= transferEncoding !== undefined;
        transferEncoding = fields.valueAt(i).toLowerCase();
        break;
      case 'connection'.length: {
        if (!fields.isNamed(i, 'connection')) break;
        const value = fields.valueAt(i).toLowerCase();
        connection = connection === '' ? value : `${connection},${value}`;
        break;
      }
      case 'expect'.length:
        if (fields.isNamed(i, 'expect')) expect = fields.valueAt(i).toLowerCase();
        break;
      case 'upgrade'.length:
        upgrade ||= fields.isNamed(i, 'upgrade');
    }
  }
  return {
    contentLength,
    transferEncoding,
    repeated,
    expectContinue: expect === '100-continue',
    close: lists(connection, 'close'),
    keepAlive: lists(connection, 'keep-alive'),
    upgrade: upgrade && lists(connection, 'upgrade'),
  };
}

/** A request without either field has no body. */
export function requestFraming(
  declared: Declared,
  start: { version: '1.0' | '1.1'; method: string },
): Framing | Problem {
  const framing = declaredFraming(declared, start.version);
  if (start.method !== 'CONNECT') return framing ?? none;
  if (framing === undefined || framing.kind === 'problem') return framing ?? opaque;
  return problem('framing_ambiguous', 'A CONNECT request announces a body');
}

/** A response without either field ends with the connection; some never have a body, whatever their fields say. */
export function responseFraming(
  declared: Declared,
  start: { version: '1.0' | '1.1'; status: number; requestMethod: string },
): Framing | Problem {
  const { status, requestMethod } = start;
  const framing = declaredFraming(declared, start.version);
  if (framing?.kind === 'problem') return framing;
  if (status === 101 || (requestMethod === 'CONNECT' && status >= 200 && status < 300)) return opaque;
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return none;
  return framing ?? untilClose;
}

const none: Framing = { kind: 'none' };
const chunked: Framing = { kind: 'chunked' };
const untilClose: Framing = { kind: 'until-close' };
const opaque: Framing = { kind: 'opaque' };

/**
 * Stricter than RFC 9112 where parsers in the field differ: a Content-Length given twice is refused though both say the same,
 * and what is transfer-coded in another way than `chunked` at the end is refused in responses too.
 */
function declaredFraming(declared: Declared, version: '1.0' | '1.1'): Framing | Problem | undefined {
  const { contentLength, transferEncoding } = declared;
  if (contentLength === undefined && transferEncoding === undefined) return undefined;
  if (declared.repeated) return ambiguous('Content-Length or Transfer-Encoding is given more than once');
  if (transferEncoding === undefined) {
    if (contentLength !== undefined && /^[0-9]{1,15}$/.test(contentLength)) {
      return { kind: 'length', length: Number(contentLength) };
    }
    return ambiguous('Content-Length is not a number of at most 15 digits');
  }
  if (contentLength !== undefined) return ambiguous('Content-Length and Transfer-Encoding are both given');
  if (version === '1.0') return ambiguous('Transfer-Encoding in HTTP/1.0');
  if (!endsInChunked.test(transferEncoding))
    return ambiguous('The last Transfer-Encoding is not chunked, or it is not the only one');
  return chunked;
}

/** `chunked`, or other codings and then `chunked`, each a bare token and `chunked` only once. */
const endsInChunked = /^(?:(?!chunked[ \t]*,)[!#$%&'*+\-.^_`|~0-9a-z]+[ \t]*,[ \t]*)*chunked$/;

function ambiguous(message: string): Problem {
  return problem('framing_ambiguous', message);
}

/** Whether a list such as the value of Connection holds a token; both in lower case. */
function lists(list: string, token: string): boolean {
  return list === token || (list.includes(token) && list.split(',').some((part) => part.trim() === token));
}
