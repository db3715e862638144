import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InsightError } from './errors.ts';
import { joinRows } from './join.ts';
import { rowJson } from './rows.ts';
import type { Row } from './rows.ts';

/** First rows of records: `[correlation id, columns]`. */
async function* rows(
  ...entries: [id: string | undefined, columns: Record<string, string>][]
): AsyncGenerator<Row> {
  for (const [id, columns] of entries) {
    const rowId = id === undefined ? '0' : `${id}_0`;
    yield { rowId, correlationId: id, time: undefined, columns: new Map(Object.entries(columns)) };
  }
}

async function joined(left: AsyncIterable<Row>, right: AsyncIterable<Row>): Promise<unknown[]> {
  const pairs = joinRows({ name: 'inputs', rows: left }, { name: 'outputs', rows: right });
  return Array.fromAsync(pairs, (row) => {
    const { correlationid: _, time: __, ...rest } = JSON.parse(rowJson(row)) as Record<string, unknown>;
    return rest;
  });
}

function refuses(code: string, words: string) {
  return (error: unknown) => {
    assert.ok(error instanceof InsightError);
    assert.equal(error.code, code);
    assert.ok(error.message.includes(words), error.message);
    return true;
  };
}

function missing(side: string) {
  return refuses('join_column_missing', `The join column 'correlationid' is not present in ${side}.`);
}

describe('joinRows', () => {
  it('pairs by row id in the order of the left side, every pair of repeated ids', async () => {
    const left = rows(['c2', { a: '2' }], ['c1', { a: '1' }], ['alone', { a: '0' }], ['c2', { a: '3' }]);
    const right = rows(['c1', { p: '0.1' }], ['c2', { p: '0.2' }], ['c2', { p: '0.3' }], ['other', {}]);
    assert.deepEqual(await joined(left, right), [
      { row_id: 'c2_0', a: 2, p: 0.2 },
      { row_id: 'c2_0', a: 2, p: 0.3 },
      { row_id: 'c1_0', a: 1, p: 0.1 },
      { row_id: 'c2_0', a: 3, p: 0.2 },
      { row_id: 'c2_0', a: 3, p: 0.3 },
    ]);
  });

  it('leaves out rows without a correlation id, whose ids say nothing', async () => {
    const left = rows([undefined, { a: '1' }], ['c1', { a: '2' }]);
    assert.deepEqual(await joined(left, rows([undefined, { p: '1' }], ['c1', { p: '2' }])), [
      { row_id: 'c1_0', a: 2, p: 2 },
    ]);
  });

  it('names a shared column of the left side by its side, in every row', async () => {
    const left = rows(['c1', { score: '1' }], ['c2', { score: '2' }]);
    const right = rows(['c1', { score: '3' }], ['c2', { p: '4' }]);
    assert.deepEqual(await joined(left, right), [
      { row_id: 'c1_0', 'inputs.score': 1, score: 3 },
      { row_id: 'c2_0', 'inputs.score': 2, p: 4 },
    ]);
    const taken = rows(['c1', { score: '3', 'inputs.score': '5' }]);
    await assert.rejects(
      joined(rows(['c1', { score: '1' }]), taken),
      refuses('join_column_shared', '"score"'),
    );
  });

  it('refuses an empty result and a missing id in the words of the original', async () => {
    const some = () => rows(['c1', { a: '1' }]);
    const none = () => rows([undefined, { a: '1' }]);
    const empty = 'The data joiner resulted in an empty data asset. Please check the input data';
    await assert.rejects(joined(some(), rows(['c2', {}])), refuses('join_empty', empty));
    await assert.rejects(joined(some(), rows()), refuses('join_empty', empty));
    await assert.rejects(joined(none(), some()), missing('inputs'));
    await assert.rejects(joined(some(), none()), missing('outputs'));
  });
});
