import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { createEventStream } from './event-stream.ts';
import type { ServerSentEvent } from './event-stream.ts';
import { cutAt } from './fixtures/assemble-text.ts';

function read(pieces: readonly Uint8Array[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const stream = createEventStream({ onEvent: (event) => events.push(event) });
  for (const piece of pieces) {
    // The reader of a connection uses its buffer again.
    const lent = Uint8Array.from(piece);
    stream.push(lent);
    lent.fill(0x78);
  }
  return events;
}

function readText(text: string): ServerSentEvent[] {
  return read([Buffer.from(text)]);
}

const message = (data: string, id = ''): ServerSentEvent => ({ type: 'message', data, id });

describe('createEventStream', () => {
  const examples: [string, string, ServerSentEvent[]][] = [
    ['lines of data', 'data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
    [
      'the type, for one event',
      'event: add\ndata: 1\n\ndata: 2\n\n',
      [{ ...message('1'), type: 'add' }, message('2')],
    ],
    [
      'ids, which stay',
      ': test\n\ndata: a\nid: 1\n\ndata: b\n\ndata:c\nid\n\n',
      [message('a', '1'), message('b', '1'), message('c')],
    ],
    ['empty data', 'data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
    ['one space behind the colon', 'data:test\n\ndata:  test\n\n', [message('test'), message(' test')]],
    ['no event without data', 'event: x\n\nid: 7\n\nretry: 10\n\ndata: a\n\n', [message('a', '7')]],
    [
      'no id with a zero byte',
      'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n',
      [message('a', '1'), message('b', '1')],
    ],
    ['nothing of unknown fields', 'datum: x\nDATA: y\ndata : z\ndata: a\n\n', [message('a')]],
    [
      'carriage returns as ends of lines',
      'data: a\rdata: b\r\rdata: c\r\ndata: d\r\n\r\n',
      [message('a\nb'), message('c\nd')],
    ],
    ['a byte order mark at the start only', '\uFEFFdata: a\n\n\uFEFFdata: b\n\n', [message('a')]],
    ['no event that is not over', 'data: a\n\ndata: b\n', [message('a')]],
  ];
  for (const [name, text, events] of examples) {
    it(`reads ${name}`, () => assert.deepEqual(readText(text), events));
  }

  it('reads bytes that are no UTF-8 as TextDecoder does', () => {
    const bytes = fc
      .uint8Array({ maxLength: 40 })
      .map((all) => all.filter((byte) => byte !== 10 && byte !== 13));
    fc.assert(
      fc.property(bytes, (line) => {
        const [event] = read([Buffer.concat([Buffer.from('data: '), line, Buffer.from('\n\n')])]);
        assert.equal(event?.data, new TextDecoder('utf-8', { ignoreBOM: true }).decode(line));
      }),
    );
  });

  it('reads the same however the bytes are cut', () => {
    const part = fc.constantFrom(
      'data',
      ':',
      ' ',
      '\n',
      '\r',
      '\r\n',
      'é',
      '🌉',
      '\uFEFF',
      'event',
      'id',
      'x',
      '\n\n',
    );
    const texts = fc.array(part, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(texts, fc.array(fc.nat()), (text, places) => {
        assert.deepEqual(read(cutAt(text, places)), read([text]));
        assert.deepEqual(read([...text].map((byte) => Uint8Array.of(byte))), read([text]));
      }),
      { numRuns: 500 },
    );
  });

  for (const [name, text] of [
    ['a line', `data: ${'x'.repeat(1000)}`],
    ['an event of many lines', 'data: xxxx\n'.repeat(100)],
    ['a comment', `:${'x'.repeat(1000)}`],
  ] as const) {
    it(`fails at ${name} above the limit, and holds nothing more`, () => {
      for (const step of [1, 7, 10_000]) {
        const events: ServerSentEvent[] = [];
        const stream = createEventStream({ onEvent: (event) => events.push(event), maxEventBytes: 400 });
        const bytes = Buffer.from(`data: before\n\n${text}\n\ndata: after\n\n`);
        for (let at = 0; at < bytes.length; at += step) stream.push(bytes.subarray(at, at + step));
        assert.deepEqual(events, [message('before')]);
        assert.ok(stream.isFailed);
        assert.equal(stream.heldBytes, 0);
      }
    });
  }

  it('says what it holds', () => {
    const stream = createEventStream({ onEvent: () => undefined });
    stream.push(Buffer.from(`data: ${'x'.repeat(5000)}`));
    assert.ok(stream.heldBytes >= 5000);
    stream.push(Buffer.from('\n'));
    assert.ok(stream.heldBytes >= 5000);
    stream.push(Buffer.from('\n'));
    assert.equal(stream.heldBytes, 0);
  });
});
