import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { chooseDeployment } from './choose.ts';

const isThere = (name: string): boolean => name === 'green';
const random = (): number => 0;
const everyoneIsThere = (): boolean => true;

describe('chooseDeployment', () => {
  it('shares requests as the traffic says, and draws each mirror by its own percent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 50 }), (blue, mirrored) => {
        const route = { traffic: { blue, green: 100 - blue }, mirrorTraffic: { shadow: mirrored } };
        const draws = 1000;
        let [toBlue, toShadow] = [0, 0];
        // Every place of the range in turn: what a good random source gives in the long run.
        for (let draw = 0; draw < draws; draw++) {
          const choice = chooseDeployment(route, {
            asked: undefined,
            isThere: everyoneIsThere,
            random: () => (draw + 0.5) / draws,
          });
          assert.equal(choice.kind, 'chosen');
          if (choice.deployment === 'blue') toBlue++;
          if (choice.mirrors.includes('shadow')) toShadow++;
        }
        assert.equal(toBlue, blue * 10);
        assert.equal(toShadow, mirrored * 10);
      }),
    );
  });

  it('draws the mirror apart from the split', () => {
    const draws = [0.1, 0.9];
    const choice = chooseDeployment(
      { traffic: { blue: 100 }, mirrorTraffic: { green: 50 } },
      { asked: undefined, isThere: everyoneIsThere, random: () => draws.shift() ?? 0 },
    );
    assert.deepEqual(choice, { kind: 'chosen', deployment: 'blue', mirrors: [] });
  });

  it('gives what is asked for in any case, past the split and without mirrors', () => {
    const choice = chooseDeployment(
      { traffic: { blue: 100 }, mirrorTraffic: { shadow: 50 } },
      { asked: 'GREEN', isThere: everyoneIsThere, random: () => 0 },
    );
    assert.deepEqual(choice, { kind: 'chosen', deployment: 'green', mirrors: [] });
  });

  it('knows neither who is not there nor anybody without traffic', () => {
    const route = { traffic: { blue: 100, green: 0 }, mirrorTraffic: {} };
    assert.deepEqual(chooseDeployment(route, { asked: undefined, isThere, random }), { kind: 'none' });
    assert.deepEqual(chooseDeployment(route, { asked: 'red', isThere, random }), {
      kind: 'unknown',
      asked: 'red',
    });
  });
});
