/** For tests: what a reader tells, as plain values that can be compared. */
import assert from 'node:assert/strict';

import type { Fields } from './fields.ts';
import type { Framing } from './framing.ts';
import type { Halt, ProblemCode } from './halt.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import type { ReaderOptions } from './limits.ts';
import { createRequestReader, createResponseReader } from './reader.ts';
import type { MessageHandler, MessageReader } from './reader.ts';

export interface Recording {
  messages: RecordedMessage[];
  /** Absent when the reader read to the end. */
  halt?: { kind: Halt['kind']; code?: ProblemCode; consumedBytes: number };
}

export interface RecordedMessage {
  /** Method and target, or status and reason. */
  start: string;
  version: '1.0' | '1.1';
  fields: string[];
  framing: Framing['kind'];
  keepAlive: boolean;
  body: string;
  trailers: string[];
  ended: boolean;
}

/** Texts are Latin-1. Pushes the pieces one after the other, and the end. */
export function recordRequests(pieces: Iterable<string | Uint8Array>, options?: ReaderOptions): Recording {
  return record(pieces, (handler) => createRequestReader(handler, options));
}

/** `methods` are those of the requests, in their order. */
export function recordResponses(
  pieces: Iterable<string | Uint8Array>,
  methods: readonly string[],
  options?: ReaderOptions,
): Recording {
  return record(pieces, (handler, messages) => {
    const requestMethod = () => methods[messages.filter((message) => !message.start.startsWith('1')).length];
    return createResponseReader({ ...handler, requestMethod }, options);
  });
}

function record(
  pieces: Iterable<string | Uint8Array>,
  create: (handler: MessageHandler<RequestHead | ResponseHead>, messages: RecordedMessage[]) => MessageReader,
): Recording {
  const messages: RecordedMessage[] = [];
  const reader = create(recorder(messages), messages);
  let halt: Halt | undefined;
  let pushed = '';
  for (const piece of pieces) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : Buffer.from(piece);
    pushed += chunk.toString('latin1');
    const result = reader.push(chunk);
    if (result === undefined) continue;
    assert.equal(halt, undefined, 'a reader halts once');
    assert.equal(
      latin1(result.rest),
      pushed.slice(result.consumedBytes),
      'rest is what was pushed and not read',
    );
    halt = result;
  }
  const atEnd = reader.end();
  assert.ok(halt === undefined || atEnd === undefined, 'a reader halts once');
  halt ??= atEnd;
  assert.equal(reader.consumedBytes, halt?.consumedBytes ?? pushed.length);
  if (halt === undefined) return { messages };
  const { kind, consumedBytes } = halt;
  return { messages, halt: { kind, ...(kind === 'problem' && { code: halt.code }), consumedBytes } };
}

function recorder(messages: RecordedMessage[]): MessageHandler<RequestHead | ResponseHead> {
  const open = () => {
    const message = messages.at(-1);
    assert.ok(message !== undefined && !message.ended, 'a head comes first');
    return message;
  };
  return {
    onHead(head) {
      assert.notEqual(messages.at(-1)?.ended, false, 'a message ends before the next begins');
      messages.push({
        start: head.kind === 'request' ? `${head.method} ${head.target}` : `${head.status} ${head.reason}`,
        version: head.version,
        fields: lines(head.headers),
        framing: head.framing.kind,
        keepAlive: head.keepAlive,
        body: '',
        trailers: [],
        ended: false,
      });
    },
    onBody(bytes) {
      assert.ok(bytes.length > 0, 'a piece of a body is not empty');
      open().body += latin1(bytes);
    },
    onTrailers(fields) {
      open().trailers = lines(fields);
    },
    onEnd() {
      open().ended = true;
    },
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function lines(fields: Fields): string[] {
  return Array.from(fields, ([name, value]) => `${name}: ${value}`);
}
