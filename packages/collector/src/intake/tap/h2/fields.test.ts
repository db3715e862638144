import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fieldObject, markedFields } from './fields.ts';

describe('the fields that are sent on', () => {
  it('hold no `te` but that for trailers', () => {
    const fields = ['te', 'gzip', 'x', '1', 'te', ' Trailers ', 'te', 'trailers'];
    assert.deepEqual(markedFields(fields, {}), ['x', '1', 'te', 'trailers']);
    assert.deepEqual(fieldObject(fields, {})['te'], ['trailers']);
  });

  it('are not copied when there is nothing to leave out', () => {
    const fields = [':path', '/', 'te', 'trailers'];
    assert.equal(markedFields(fields, {}), fields);
  });
});
