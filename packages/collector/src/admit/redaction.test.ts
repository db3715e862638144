import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { DataStatus, EventAttributes } from '@gleaner/protocol';

import type { AdmittedEvent, CapturedBody } from '../flow.ts';
import { createRedactor } from './redaction.ts';
import { parsePattern } from './redact/pattern.ts';
import { compileRules } from './redact/rules.ts';
import type { CompiledRules } from './redact/rules.ts';

const rules = compileRules(
  [{ kind: 'pattern', pattern: parsePattern(String.raw`[\w.]+@[\w.]+|secret`), action: 'mask' }],
  undefined,
);
const address = 'joe%40example.org';

const idKey = Buffer.alloc(32, 1);

/** There are rules for requests alone. */
const redactor = createRedactor({
  rulesOf: (collection) => (collection === 'request' ? rules : undefined),
  idRules: rules,
  idKey,
});

function event(attributes: Partial<EventAttributes>, more: Partial<AdmittedEvent> = {}): AdmittedEvent {
  return {
    destination: { collection: 'request', datastore: 'd', path: 'p', rollingRate: 'hour' },
    time: 0,
    arrivalMs: 0,
    id: 'a',
    correlationId: 'b',
    retryKey: undefined,
    isSampledOut: false,
    attributes: { extensions: [], ...attributes },
    ...more,
  };
}

const response = { collection: 'response', datastore: 'd', path: 'p', rollingRate: 'hour' } as const;

function redactBody(
  contentType: string,
  bytes: string | Uint8Array,
  { status, using = rules }: { status?: DataStatus; using?: CompiledRules } = {},
): string | undefined {
  const given: CapturedBody = {
    kind: 'memory',
    bytes: Buffer.from(bytes),
    ...(status !== undefined && { status }),
  };
  const { body: redact } = createRedactor({ rulesOf: () => using, idRules: undefined, idKey });
  const body = redact(event({ contentType }), given);
  return body.kind === 'memory' ? Buffer.from(body.bytes).toString() : body.status;
}

describe('createRedactor', () => {
  it('redacts texts in UTF-8, whose charset is named so or not at all', () => {
    for (const type of [
      'text/plain',
      'Text/Plain; Charset=UTF-8',
      'text/csv;charset="us-ascii"',
      'text/plain; format=flowed',
    ])
      assert.equal(redactBody(type, 'to joe@x.org'), 'to ***', type);
  });

  for (const [what, type, bytes] of [
    ['another charset', 'text/plain; charset=utf-7', 'joe+AEA-x.org'],
    ['another charset behind a good one', 'text/plain; charset=utf-8; charset = utf-16', 'joe'],
    ['an encoded name of a charset', "text/plain; charset*=us-ascii'en'utf-16", 'joe'],
    ['UTF-16 that does not say so', 'text/plain', Buffer.from('joe@x.org', 'utf16le')],
    ['JSON by another name', 'text/vnd.api+json; a=b', '{"a":"joe\\u0040x.org"}'],
    ['lines of JSON', 'text/x-ndjson', '{}\n{}'],
    ['lines of JSON that do not say so', 'text/plain', '{"a":"joe\\u0040x.org"}\n{}'],
    ['a stream of events', 'text/event-stream', 'data: joe\n\ndata: @x.org\n\n'],
  ] as const) {
    it(`leaves out a text: ${what}`, () => assert.equal(redactBody(type, bytes), 'redaction_failed'));
  }

  for (const status of ['undecodable', 'aborted', 'truncated'] as const) {
    it(`leaves out what is ${status}, whatever its type`, () => {
      assert.equal(redactBody('text/plain', 'to joe@', { status }), 'redaction_failed');
      assert.equal(redactBody('application/json', '4111', { status }), 'redaction_failed');
      assert.equal(redactBody('text/plain', '', { status }), '');
    });
  }

  it('redacts a text that is a JSON document as JSON', () => {
    assert.equal(redactBody('text/plain', ' {"a":"joe\\u0040x.org", "b":1.0}'), ' {"a":"***", "b":1.0}');
    assert.equal(redactBody('text/plain', '["joe\\u0040x.org"]'), '["***"]');
    assert.equal(redactBody('text/plain', '"joe\\u0040x.org"'), '"***"');
    assert.equal(redactBody('text/plain', '[joe@x.org] and {'), '[***] and {');
  });

  it('finds columns in a text that is a JSON document, and leaves out any other text when there are some', () => {
    const columns = compileRules([{ kind: 'column', column: 'a', action: 'mask' }], undefined);
    for (const [text, expected] of [
      ['{"a":"joe"}', '{"a":"***"}'],
      ['a\njoe', 'redaction_failed'],
    ] as const)
      assert.equal(redactBody('text/plain', text, { using: columns }), expected);
  });

  it('sees what percent signs stand for in all attributes', () => {
    const { attributes } = redactor.event(
      event({
        source: `http://h/${address}`,
        contentType: `text/plain; who=${address}`,
        extensions: [
          ['referer', `http://h/?mail=${address}`],
          ['xuser', address],
          ['path', `/${address}?a=b%20c`],
          ['note', '100%25+1'],
        ],
      }),
    );
    assert.equal(attributes.source, 'http://h/***');
    assert.equal(attributes.contentType, 'text/plain; who=***');
    assert.deepEqual(attributes.extensions, [
      ['referer', 'http://h/?mail=***'],
      ['xuser', '***'],
      ['path', '/***?a=b%20c'],
      ['note', '100%25+1'],
    ]);
  });

  it('replaces ids that hold a match, in plain or behind percent signs, in every collection', () => {
    for (const id of ['joe@example.org', address]) {
      const ids = { id, correlationId: id, retryKey: `${id}/1` };
      const request = redactor.event(event({}, ids));
      const answer = redactor.event(event({}, { ...ids, destination: response }));
      assert.match(request.correlationId, /^[\da-f]{32}$/);
      assert.match(request.retryKey ?? '', /^[\da-f]{32}$/);
      for (const key of ['id', 'correlationId', 'retryKey'] as const) assert.equal(answer[key], request[key]);
    }
    const plain = redactor.event(event({}, { retryKey: 'c%20d' }));
    assert.deepEqual([plain.id, plain.correlationId, plain.retryKey], ['a', 'b', 'c%20d']);
  });

  it('changes nothing else of a collection without rules', () => {
    const given = event({ extensions: [['xuser', 'joe@x.org']] }, { destination: response });
    assert.deepEqual(redactor.event(given), given);
  });

  it('drops attributes whose name holds a match', () => {
    const { attributes } = redactor.event(
      event({
        extensions: [
          ['mysecret', 'a'],
          ['mine', 'b'],
        ],
      }),
    );
    assert.deepEqual(attributes.extensions, [['mine', 'b']]);
  });
});
