import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import type { Finding } from './findings.ts';
import { readRecords } from './records.ts';
import { sampleLine } from './sample-data.ts';

const [first, second] = [sampleLine({ id: 'one' }), sampleLine({ id: 'two' })];

/** Ids of the records, and `code:line` of what was found. */
async function read(text: string): Promise<{ ids: (string | undefined)[]; found: string[] }> {
  await using datastore = createMemoryDatastore();
  await datastore.put('f.jsonl', Buffer.from(text));
  const findings: Finding[] = [];
  const entries = await Array.fromAsync(readRecords(datastore, 'f.jsonl', (one) => findings.push(one)));
  return {
    ids: entries.map((entry) => entry.record.id),
    found: findings.map(({ code, file, line }) => (file === 'f.jsonl' ? `${code}:${line}` : file)),
  };
}

describe('readRecords', () => {
  const cases: [name: string, text: string, ids: string[], found: string[]][] = [
    [
      'CR LF, blank lines and no last line feed',
      `${first.trim()}\r\n\r\n  \n${second.trim()}`,
      ['one', 'two'],
      [],
    ],
    ['a cut last line', first + second.slice(0, 50), ['one'], ['line_cut:2']],
    ['a broken line between good ones', `${first}{"data":[}\n${second}`, ['one', 'two'], ['line_broken:2']],
    ['a line that is no object', `42\n${first}`, ['one'], ['line_broken:1']],
    ['two records on a line: the first counts', first.trim() + second, ['one'], ['line_trailing:1']],
    ['rubbish behind a record', `${first.trim()} } xx\n${second}`, ['one', 'two'], ['line_trailing:1']],
    ['a torn line with the next one on it', first.slice(0, 70) + second + first, ['one'], ['line_broken:1']],
    ['braces within a text', `{"t":"}{"} x\n`, [], ['line_trailing:1']],
    ['quotes within a text', '{"t":"\\"}"} x\n', [], ['line_trailing:1']],
    ['nothing', '', [], []],
  ];
  for (const [name, text, ids, found] of cases) {
    it(`reads ${name}`, async () => {
      const result = await read(text);
      assert.deepEqual({ ...result, ids: result.ids.filter(Boolean) }, { ids, found });
    });
  }
});
