import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { mergePatch, withoutAnswered } from './bodies.ts';

describe('mergePatch', () => {
  it('merges maps, removes what is null, and replaces everything else', () => {
    const target = { a: { b: 1, c: 2 }, d: [1, 2], e: 'x' };
    assert.deepEqual(mergePatch(target, { a: { b: null, z: 3 }, d: [3], e: { f: null, g: 1 } }), {
      a: { c: 2, z: 3 },
      d: [3],
      e: { g: 1 },
    });
    assert.deepEqual(target, { a: { b: 1, c: 2 }, d: [1, 2], e: 'x' });
  });

  it('replaces the maps that belong together', () => {
    const target = { properties: { traffic: { blue: 100 } } };
    const patch = { properties: { traffic: { green: 100 } } };
    assert.deepEqual(mergePatch(target, patch, { whole: ['traffic'] }), patch);
  });
});

describe('withoutAnswered', () => {
  it('drops what the server says, so that a shown resource can be sent back', () => {
    const shown = {
      id: 'i',
      name: 'n',
      tags: {},
      properties: { a: 1, provisioningState: 'Failed', scoringUri: 'u' },
    };
    assert.deepEqual(withoutAnswered(shown), { tags: {}, properties: { a: 1 } });
  });
});
