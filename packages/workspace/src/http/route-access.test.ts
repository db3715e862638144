import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { scopeOf, scopePattern } from './route-access.ts';

const workspace =
  '/subscriptions/:s/resourceGroups/:g/providers/Microsoft.MachineLearningServices/workspaces/:w';

describe('scopePattern', () => {
  const patterns: readonly [route: string, scope: string][] = [
    [`${workspace}/onlineEndpoints/:e/deployments/:d`, `${workspace}/onlineEndpoints/:e/deployments/:d`],
    [
      `${workspace}/onlineEndpoints/:e/deployments/:d/getLogs`,
      `${workspace}/onlineEndpoints/:e/deployments/:d`,
    ],
    [`${workspace}/onlineEndpoints`, workspace],
    [`${workspace}/datastores/:n/files/*`, `${workspace}/datastores/:n`],
    ['/subscriptions/:s/providers/Microsoft.MachineLearningServices/workspaces', '/subscriptions/:s'],
    [
      `${workspace}/providers/Microsoft.Authorization/roleAssignments/:a`,
      `${workspace}/providers/Microsoft.Authorization/roleAssignments/:a`,
    ],
    [`${workspace}/providers/Microsoft.Authorization/roleAssignments`, workspace],
    ['/servicePrincipals', '/'],
    ['/', '/'],
  ];
  for (const [route, scope] of patterns)
    it(`of ${route} is ${scope}`, () => assert.equal(scopePattern(route), scope));
});

describe('scopeOf', () => {
  it('has the names of the request in it', () => {
    const params = { s: '0', g: 'local', w: 'w', e: 'iris' };
    assert.equal(
      scopeOf(`${workspace}/onlineEndpoints/:e/listKeys`, params),
      '/subscriptions/0/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/iris',
    );
  });

  it('refuses a name with a slash in it, which would be below another resource', () => {
    for (const e of ['iris/deployments/blue', '../other', String.raw`a\b`])
      assert.throws(() => scopeOf('/endpoints/:e', { e }), { code: 'request_invalid' });
  });
});
