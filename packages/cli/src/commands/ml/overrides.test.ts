import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GleanerError } from '@gleaner/protocol';
import { applyOverrides } from './overrides.ts';

describe('applyOverrides', () => {
  it('sets values, JSON where it is JSON, and makes the maps on the way', () => {
    assert.deepEqual(
      applyOverrides({ a: 1 }, { set: ['a=2', 'b.c.d=true', 'e=blue=90', 'f={"x":[1]}', 'g=x y'] }),
      { a: 2, b: { c: { d: true } }, e: 'blue=90', f: { x: [1] }, g: 'x y' },
    );
    assert.deepEqual(applyOverrides({}, { set: ['a=1'], forceString: true }), { a: '1' });
  });

  it('takes keys with dots, indexes and items by a member', () => {
    const entity = {
      'x.y': 1,
      list: [
        { name: 'a', v: 1 },
        { name: 'b', v: 2 },
      ],
    };
    assert.deepEqual(applyOverrides(entity, { set: ['x\\.y=2', 'list[0].v=5', 'list[name=b].v=6'] }), {
      'x.y': 2,
      list: [
        { name: 'a', v: 5 },
        { name: 'b', v: 6 },
      ],
    });
    assert.equal(entity['x.y'], 1);
  });

  it('adds to lists and removes', () => {
    assert.deepEqual(applyOverrides({}, { add: ['a.list', 'k=v', 'n=1'] }), {
      a: { list: [{ k: 'v', n: 1 }] },
    });
    assert.deepEqual(applyOverrides({ list: [1] }, { add: ['list', '2', 'x'] }), { list: [1, 2, 'x'] });
    assert.deepEqual(applyOverrides({ list: [1, 2], a: { b: 1 } }, { remove: ['list', '0'] }), {
      list: [2],
      a: { b: 1 },
    });
    assert.deepEqual(applyOverrides({ a: { b: 1 } }, { remove: ['a.b'] }), { a: {} });
  });

  it('says what there is where something is not there', () => {
    for (const [overrides, words] of [
      [{ remove: ['a.x'] }, "Couldn't find 'x'. Available options: b."],
      [{ set: ['list[7]=1'] }, "Couldn't find '7'. Available options: 0 to 0."],
      [{ set: ['a'] }, '--set a has no value.'],
    ] as const) {
      assert.throws(
        () => applyOverrides({ a: { b: 1 }, list: [1] }, overrides),
        (error) => error instanceof GleanerError && error.code === 'usage_invalid' && error.message === words,
      );
    }
  });

  it('takes __proto__ as any other name', () => {
    const changed: object = applyOverrides({}, { set: ['__proto__.polluted=1'] });
    assert.deepEqual(Object.keys(changed), ['__proto__']);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});
