/**
 * Why a reader gives up on a message. The list is closed:
 *
 * - `head_malformed`: the start line or a field line is not HTTP.
 * - `head_too_large`: more bytes or more fields than the limits allow.
 * - `version_unsupported`: HTTP, but neither 1.0 nor 1.1 (the preface of HTTP/2 ends up here).
 * - `framing_ambiguous`: two readers of these bytes could disagree about where a line or a message ends.
 * - `body_too_large`: announced or sent; comes after `onHead`.
 * - `chunk_malformed`: the size line of a chunk, or what stands after its data.
 * - `trailers_malformed`, `trailers_too_large`: the fields after the last chunk.
 * - `data_after_close`: bytes behind a message that said it is the last.
 * - `response_unexpected`: a response, and no request it could answer.
 * - `truncated`: the connection ended inside a message.
 */
export const problemCodes = [
  'head_malformed',
  'head_too_large',
  'version_unsupported',
  'framing_ambiguous',
  'body_too_large',
  'chunk_malformed',
  'trailers_malformed',
  'trailers_too_large',
  'data_after_close',
  'response_unexpected',
  'truncated',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

export interface Problem {
  readonly kind: 'problem';
  readonly code: ProblemCode;
  /** One sentence; may quote a field's name, never its value. */
  readonly message: string;
}

/** From here on the bytes are another protocol's: after CONNECT, or after a response that switched. */
export interface Opaque {
  readonly kind: 'opaque';
}

/** The owner called `stop()`. */
export interface Stopped {
  readonly kind: 'stopped';
}

/** Why a reader reads no further, and what it has not read. */
export type Halt = (Problem | Opaque | Stopped) & Unread;

export interface Unread {
  /** Bytes of the connection that became events; what could not be read, or was declined, begins here. */
  readonly consumedBytes: number;
  /** The bytes from there on, as far as they had been pushed: to be passed on, or to be given to another parser. */
  readonly rest: Uint8Array;
}

export function problem(code: ProblemCode, message: string): Problem {
  return { kind: 'problem', code, message };
}
