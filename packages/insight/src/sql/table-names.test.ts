import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableNames } from './table-names.ts';

describe('tableNames', () => {
  it('takes the last part of a path, and joins inputs with outputs', () => {
    assert.deepEqual(tableNames(['iris/blue/model_inputs', 'iris/blue/model_outputs', 'iris/blue/request']), {
      collections: ['model_inputs', 'model_outputs', 'request'],
      joins: [{ name: 'joined', inputs: 0, outputs: 1 }],
    });
  });

  it('takes so many parts as tell deployments apart', () => {
    const { collections, joins } = tableNames([
      'iris/blue/inputs',
      'iris/blue/outputs',
      'iris/green/inputs',
      'iris/green/outputs',
    ]);
    assert.deepEqual(collections, ['blue_inputs', 'blue_outputs', 'green_inputs', 'green_outputs']);
    assert.deepEqual(
      joins.map(({ name }) => name),
      ['blue_joined', 'green_joined'],
    );
  });

  it('numbers what has the same path in two stores, and names the root of a store', () => {
    assert.deepEqual(tableNames(['a/inputs', 'a/inputs']).collections, ['a_inputs_1', 'a_inputs_2']);
    assert.deepEqual(tableNames(['']).collections, ['data']);
  });

  it('leaves the name of a collection to it', () => {
    const { joins } = tableNames(['iris/inputs', 'iris/outputs', 'iris/joined']);
    assert.deepEqual(
      joins.map(({ name }) => name),
      ['iris_joined'],
    );
  });

  it('joins nothing that has no other side', () => {
    assert.deepEqual(tableNames(['iris/blue/inputs', 'iris/green/outputs']).joins, []);
  });
});
