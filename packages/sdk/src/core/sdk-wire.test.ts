import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

import { BasicCorrelationContext } from './context.ts';
import { recognizeData } from './data.ts';
import { eventHeaders } from './wire.ts';

interface Recorded {
  request: { headers: [string, string][]; body: string };
}

/** Data of `spec/fixtures/sdk-wire` as a TypeScript program has them; the Python program's frame is in the fixture. */
const cases: Record<string, unknown> = {
  'one-row-floats': [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }],
  'int-versus-float': {
    as_int: [1, 2],
    as_float: Float64Array.of(1, 2),
    int_with_gap: [1, Number.NaN],
    text_int: ['1', '1.0'],
  },
  'nan-inf-none': {
    f: [Number.NaN, Infinity, -Infinity, 0.5],
    o: [null, 'x', undefined, null],
    t: [null, new Date(1709164800000), undefined, new Date(Number.NaN)],
  },
  'big-integers': [
    { a: 9007199254740993n, b: -9007199254740993n },
    { a: 9223372036854775807n, b: -9223372036854775808n },
  ],
  'nullable-integers': { i: [1, null, 9007199254740995n], b: [true, null, false] },
  booleans: { b: [true, false], o: [true, null] },
  dates: [
    { naive: new Date(1672533814000), aware: new Date(1685613600000), s: '2023-01-01' },
    { naive: new Date(-1), aware: new Date(1685620800000), s: '2023-01-02' },
  ],
  'nested-values': [
    { list: [1, 2.5, 'x'], dict: { a: 1, b: { c: [true, null] } } },
    { list: [], dict: {} },
  ],
  'integer-column-names': [{ 0: 0 }, { 0: 2 }, { 0: 1 }],
  'empty-frame': { a: [] },
  'shared-context-1': { a: [1, 2], b: [0.5, 1.5] },
  'text-non-ascii': [{ text: 'Größe' }, { text: '日本語' }, { text: 'emoji 😀' }, { text: 'naïve café' }],
  'awkward-column-names': [
    { 'a.b': 1, 'a/b': 2, 'q"q': 3, ' lead': 4, größe: 5, constructor: 6, toString: 7 },
  ],
  'blanks-inside-strings': { s: ['  two  blanks  ', '{ "not" : "json" }', '[ 1 , 2 ]', ' '] },
};

/** pandas escapes `/` and everything outside ASCII, which means the same; and it has no numbers 1 beside 2.5 in a list. */
const sameTokens = (body: string) =>
  body.replaceAll('\\/', '/').replaceAll(/\\u[0-9a-f]{4}/g, (escape) => JSON.parse(`"${escape}"`));
const lists = (body: string) => body.replace('[1,2.5,"x"]', '[1.0,2.5,"x"]');

describe("the original SDK's requests", () => {
  for (const [name, data] of Object.entries(cases)) {
    it(`are met by ours: ${name}`, async () => {
      const path = new URL(`../../../../spec/fixtures/sdk-wire/${name}.json`, import.meta.url);
      const recorded: Recorded = JSON.parse(await readFile(path, 'utf8'));
      const given = new Map(recorded.request.headers.map(([header, value]) => [header.toLowerCase(), value]));
      const body = recognizeData(data).toJson(() => false);
      assert.equal(body, lists(sameTokens(recorded.request.body)));

      const context = new BasicCorrelationContext(given.get('ce-x-request-id'), Number(given.get('ce-time')));
      const collection = given.get('ce-type')?.replace('azureml.inference.', '') ?? '';
      const ours = eventHeaders({ collection, traceId: 'trace', collectDataType: 'gleaner.Rows', context });
      for (const header of [
        'ce-type',
        'ce-time',
        'ce-x-request-id',
        'ce-model-version',
        'content-type',
        'accept',
      ]) {
        assert.equal(ours[header], given.get(header), header);
      }
    });
  }
});
