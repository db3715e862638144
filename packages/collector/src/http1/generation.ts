/** For tests: valid streams of messages with what a reader has to make of them, ways to cut them, ways to spoil them. */
import fc from 'fast-check';

import type { RecordedMessage } from './recording.ts';

export interface Generated {
  /** Bytes as Latin-1. */
  text: string;
  message: RecordedMessage;
}

const token = textOf("!#$%&'*+-.^_`|~019azAZ", { minLength: 1, maxLength: 8 });
const ownNames = /^(?:content-length|transfer-encoding|connection|proxy-connection|expect|upgrade)$/i;
const name = fc.oneof(token, fc.constantFrom('ce-type', 'X', 'host')).filter((text) => !ownNames.test(text));
const value = textOf('a0:;,="\\ \t\x7e\x80\xff', { maxLength: 12 }).map((text) =>
  text.replace(/^[ \t]+|[ \t]+$/g, ''),
);
const blanks = fc.constantFrom('', ' ', '\t', ' \t ');
const field = fc.record({ name, value, before: blanks, after: blanks });
const fields = fc.array(field, { maxLength: 5 });
const binary = textOf('\0\r\n0a \xff', { maxLength: 40 });
const body = fc.oneof(binary, fc.constantFrom('GET / HTTP/1.1\r\n\r\n', '0\r\n\r\n'));

const extension = fc
  .tuple(token, fc.constantFrom('', '=v', '="a \\"; b"'))
  .map(([name, text]) => `;${name}${text}`);
const chunk = fc.record({ data: body, extension: fc.oneof(fc.constant(''), extension), zeros: fc.nat(3) });

interface Content {
  framing: RecordedMessage['framing'];
  field: string[];
  text: string;
  body: string;
  trailers: string[];
}

const sized: fc.Arbitrary<Content> = fc
  .tuple(body, cased('Content-Length'), blanks)
  .map(([body, name, blank]) => ({
    framing: 'length',
    field: [`${name}:${blank}${body.length}${blank}`],
    text: body,
    body,
    trailers: [],
  }));

const chunked: fc.Arbitrary<Content> = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), cased('Transfer-Encoding'), cased('chunked'), fields)
  .map(([chunks, name, coding, trailers]) => ({
    framing: 'chunked',
    field: [`${name}: ${coding}`],
    text:
      chunks
        .filter(({ data }) => data !== '')
        .map(chunkText)
        .join('') + `0\r\n${trailers.map((trailer) => `${fieldText(trailer)}\r\n`).join('')}\r\n`,
    body: chunks.map(({ data }) => data).join(''),
    trailers: trailers.map(plainField),
  }));

const bodiless: Content = { framing: 'none', field: [], text: '', body: '', trailers: [] };
const content = fc.oneof(sized, chunked, fc.constant(bodiless));

/** Method and target are such as Node's parser takes too. */
export const request: fc.Arbitrary<Generated> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'M-SEARCH'),
    target: fc.constantFrom('/', '/modeldata/log', '*', 'http://a:1/b?c=%20', '/?"<>{}|^`#'),
    blankLines: fc.nat(2),
    keepAlive: fc.boolean(),
    fields,
    content,
  })
  .map(({ method, target, blankLines, keepAlive, fields, content }) => {
    const version = keepAlive && content.framing !== 'chunked' ? '1.0' : '1.1';
    const head = assemble({
      start: `${method} ${target} HTTP/${version}`,
      fields,
      own: content.field,
      keepAlive,
    });
    return generated(content, { ...head, blankLines, start: `${method} ${target}`, version });
  });

/** A response to a GET, after a few informational ones. */
export const response: fc.Arbitrary<Generated> = fc
  .record({
    status: fc.constantFrom(200, 404, 500),
    reason: value,
    keepAlive: fc.boolean(),
    fields,
    content: fc.oneof(sized, chunked),
  })
  .map(({ status, reason, keepAlive, fields, content }) => {
    const head = assemble({ start: `HTTP/1.1 ${status} ${reason}`, fields, own: content.field, keepAlive });
    return generated(content, { ...head, blankLines: 0, start: `${status} ${reason}`, version: '1.1' });
  });

export function streamText(messages: readonly Generated[]): string {
  return messages.map(({ text }) => text).join('');
}

/** Where to cut, as shares of the length. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

export function cutAt(text: string, shares: readonly number[]): string[] {
  const places = [
    0,
    ...shares.map((share) => Math.floor(share * text.length)).sort((a, b) => a - b),
    text.length,
  ];
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

const oddities = '\r \n \r\n \0 \t : ; , = " 0 00000000 f ff A \x7f \xe9'.split(' ');
const lines = [
  'Content-Length: 3',
  'content-length : 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Connection: close',
  ' folded',
  'GET / HTTP/1.0',
  'HTTP/1.1 204 ',
  '',
];

interface Damage {
  place: number;
  removed: number;
  put: string;
}

const places = fc.noBias(fc.nat(9999));
const spot = fc.record({ place: places, removed: fc.nat(2), put: fc.constantFrom('', ' ', ...oddities) });
const line = fc.record({ place: places, removed: fc.constant(-1), put: fc.constantFrom(...lines) });

/** Something put in, taken out or replaced anywhere, or a line added after any other (`removed` is -1). */
export const damage: fc.Arbitrary<Damage[]> = fc.array(fc.oneof(spot, line), { minLength: 1, maxLength: 2 });

export function spoil(text: string, damages: readonly Damage[]): string {
  return damages.reduce((spoilt, { place, removed, put }) => {
    const at = place % (spoilt.length + 1);
    if (removed >= 0) return spoilt.slice(0, at) + put + spoilt.slice(at + removed);
    const lineEnd = spoilt.indexOf('\r\n', at);
    return lineEnd < 0 ? spoilt + put : `${spoilt.slice(0, lineEnd)}\r\n${put}${spoilt.slice(lineEnd)}`;
  }, text);
}

function assemble(head: { start: string; fields: Field[]; own: string[]; keepAlive: boolean }) {
  const connection = head.keepAlive ? ['Connection: Keep-Alive'] : [];
  const middle = Math.floor(head.fields.length / 2);
  const all = [
    ...head.fields.slice(0, middle).map(fieldText),
    ...head.own,
    ...connection,
    ...head.fields.slice(middle).map(fieldText),
  ];
  const plain = all.map((line) => line.replace(/^([^:]*):[ \t]*(.*?)[ \t]*$/, '$1: $2'));
  return { text: `${[head.start, ...all].join('\r\n')}\r\n\r\n`, fields: plain };
}

function generated(
  content: Content,
  head: { text: string; fields: string[]; blankLines: number; start: string; version: '1.0' | '1.1' },
): Generated {
  const { framing, body, trailers } = content;
  const { start, version, fields } = head;
  return {
    text: '\r\n'.repeat(head.blankLines) + head.text + content.text,
    message: { start, version, fields, framing, keepAlive: true, body, trailers, ended: true },
  };
}

interface Field {
  name: string;
  value: string;
  before: string;
  after: string;
}

function fieldText({ name, value, before, after }: Field): string {
  return `${name}:${before}${value}${after}`;
}

function plainField({ name, value }: Field): string {
  return `${name}: ${value}`;
}

function chunkText({ data, extension, zeros }: { data: string; extension: string; zeros: number }): string {
  const size = data.length.toString(16);
  return `${'0'.repeat(zeros)}${zeros === 1 ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
}

function textOf(characters: string, lengths: fc.StringConstraints): fc.Arbitrary<string> {
  return fc.string({ ...lengths, unit: fc.constantFrom(...characters.split('')) });
}

function cased(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(text, text.toLowerCase(), text.toUpperCase());
}
