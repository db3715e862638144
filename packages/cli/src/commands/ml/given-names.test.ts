import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGivenNames } from './given-names.ts';

describe('checkGivenNames', () => {
  it('names the option that holds what cannot be a name', () => {
    assert.throws(() => checkGivenNames({ endpointName: 'a b' }), isUsage(/^--endpoint-name "a b": /));
    assert.throws(() => checkGivenNames({ name: 'b' }), isUsage(/^--name "b": /));
    checkGivenNames({ endpointName: 'iris', name: 'blue' });
    checkGivenNames({});
  });
});

function isUsage(message: RegExp): { code: string; message: RegExp } {
  return { code: 'usage_invalid', message };
}
