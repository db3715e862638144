import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addOutputOptions } from './format.ts';

describe('addOutputOptions', () => {
  it('takes the formats of az', () => {
    assert.deepEqual(['none', 'jsonc', 'yamlc', 'tsv'].map(read), ['none', 'json', 'yaml', 'tsv']);
    assert.throws(() => read('xml'), { code: 'usage_invalid' });
  });
});

function read(format: string): unknown {
  return addOutputOptions(new Command()).parse(['-o', format], { from: 'user' }).opts()['output'];
}
