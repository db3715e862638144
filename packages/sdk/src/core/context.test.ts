import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { BasicCorrelationContext, getContext, getContextWrapper } from './context.ts';
import type { CorrelationContext } from './context.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const valuesOf = ({ id, timestamp, headers }: CorrelationContext) => ({ id, timestamp, headers });
const now = () => Math.floor(Date.now() / 1000);

describe('BasicCorrelationContext', () => {
  it('takes its values by name or by position', () => {
    const values = { id: 'a', timestamp: 7, headers: { tenant: 'x' } };
    assert.deepEqual(valuesOf(new BasicCorrelationContext(values)), values);
    assert.deepEqual(valuesOf(new BasicCorrelationContext('a', 7, { tenant: 'x' })), values);
  });

  it('makes up what is left out, empty or zero', () => {
    const before = now();
    const empty = { id: '', timestamp: 0, headers: null };
    const contexts = [getContext(), new BasicCorrelationContext(null), new BasicCorrelationContext(empty)];
    for (const { id, timestamp, headers } of contexts) {
      assert.match(id, uuid);
      assert.ok(timestamp >= before && timestamp <= now());
      assert.deepEqual(headers, {});
    }
    assert.equal(new Set(contexts.map(({ id }) => id)).size, 3);
  });

  it('has its id as text, whatever it was given as', () => {
    assert.equal(String(new BasicCorrelationContext('abc')), 'abc');
    assert.equal(new BasicCorrelationContext(42).id, '42');
    assert.equal(new BasicCorrelationContext({ id: 42n }).id, '42');
  });

  it('keeps headers as they were given', () => {
    const headers = { tenant: 'x' };
    const context = new BasicCorrelationContext({ headers });
    headers.tenant = 'y';
    assert.deepEqual(context.headers, { tenant: 'x' });
  });
});

describe('getContextWrapper', () => {
  it('is a context that also tells what became of the call', () => {
    const context = new BasicCorrelationContext('a', 7, { tenant: 'x' });
    const wrapper = getContextWrapper(context, false, 'queue closed');
    assert.deepEqual(valuesOf(wrapper), valuesOf(context));
    assert.equal(String(wrapper), 'a');
    assert.equal(wrapper.isSuccess(), false);
    assert.equal(wrapper.getMessage(), 'queue closed');
  });
});
