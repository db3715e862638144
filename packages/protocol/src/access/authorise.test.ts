import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { coversScope, matchesAction } from './actions.ts';
import { authorise } from './authorise.ts';
import type { Demand, Grant, Permission } from './authorise.ts';
import { builtInRoles } from './built-in-roles.ts';

const endpoints = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints';
const workspace =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';
const none: Permission = { actions: [], notActions: [], dataActions: [], notDataActions: [] };

describe('matchesAction', () => {
  const matching: readonly [string, string][] = [
    ['*', `${endpoints}/read`],
    ['*/read', `${endpoints}/read`],
    [`${endpoints}/*`, `${endpoints}/deployments/write`],
    [`${endpoints}/*`, `${endpoints}/read`],
    [`${endpoints.toUpperCase()}/READ`, `${endpoints}/read`],
    ['Microsoft.MachineLearningServices/workspaces/*/read', `${endpoints}/deployments/read`],
    ['*/workspaces/*/deployments/*', `${endpoints}/deployments/read`],
    ['a*a', 'aa'],
    ['a*b*c', 'abbc'],
    ['workspaces/*/read', 'workspaces/read'],
    ['a/*/b/*/c', 'a/b/c'],
  ];
  for (const [pattern, action] of matching)
    it(`${pattern} has ${action} in it`, () => assert.ok(matchesAction(pattern, action)));

  const other: readonly [string, string][] = [
    ['*/read', `${endpoints}/write`],
    [`${endpoints}/*`, endpoints],
    [`${endpoints}/read`, `${endpoints}/readAll`],
    [`${endpoints}/read`, `x${endpoints}/read`],
    // A point is a point, and what looks like a pattern of another kind is text.
    ['Microsoft.X/read', 'MicrosoftaX/read'],
    ['a*a', 'a'],
    ['a*bc*c', 'abc'],
    ['a/*/b', 'ab'],
    ['a/*b', 'a'],
    ['', 'a'],
  ];
  for (const [pattern, action] of other)
    it(`${JSON.stringify(pattern)} has not ${action} in it`, () =>
      assert.ok(!matchesAction(pattern, action)));

  it('takes no time for a pattern of many stars', () => {
    assert.ok(!matchesAction(`${'a*'.repeat(5000)}b`, 'a'.repeat(20_000)));
  });
});

describe('coversScope', () => {
  it('is the resource itself and what is below it, whatever the case', () => {
    assert.ok(coversScope('/', workspace));
    assert.ok(coversScope(workspace, workspace));
    assert.ok(coversScope(workspace.toUpperCase(), `${workspace}/onlineEndpoints/iris`));
    assert.ok(coversScope(`${workspace}/`, `${workspace}/onlineEndpoints/iris`));
  });

  it('is neither what is above nor what merely begins alike', () => {
    assert.ok(!coversScope(`${workspace}/onlineEndpoints/iris`, workspace));
    assert.ok(!coversScope(`${workspace}/onlineEndpoints/iris`, `${workspace}/onlineEndpoints/iris2`));
    assert.ok(!coversScope(workspace, '/'));
  });
});

describe('authorise', () => {
  const grant = (permission: Partial<Permission>, scope = workspace): Grant => ({
    roleName: 'Custom',
    scope,
    permissions: [{ ...none, ...permission }],
  });
  const demand: Demand = { action: `${endpoints}/write`, scope: `${workspace}/onlineEndpoints/iris` };
  const isAllowed = (grants: readonly Grant[], wanted = demand) =>
    authorise(grants, wanted).kind === 'allowed';

  it('denies whoever has no role, and says so', () => {
    const elsewhere = grant({ actions: ['*'] }, `${workspace}/onlineEndpoints/other`);
    for (const grants of [[], [elsewhere]]) {
      const decision = authorise(grants, demand);
      assert.ok(decision.kind === 'denied');
      assert.match(decision.because, /no role is assigned at .*iris/);
    }
  });

  it('names the roles that do not allow it', () => {
    const decision = authorise([grant({ actions: ['*/read'] })], demand);
    assert.ok(decision.kind === 'denied');
    assert.match(decision.because, /Custom/);
  });

  it('takes notActions away from their own role, and from no other', () => {
    const but = grant({ actions: ['*'], notActions: [`${endpoints}/*`] });
    assert.ok(!isAllowed([but]));
    assert.ok(isAllowed([but, grant({ actions: [`${endpoints}/write`] })]));
    const blocks: Grant = { ...but, permissions: [...but.permissions, { ...none, actions: ['*/write'] }] };
    assert.ok(isAllowed([blocks]));
  });

  it('keeps actions on data apart', () => {
    const data: Demand = { ...demand, kind: 'data' };
    assert.ok(!isAllowed([grant({ actions: ['*'] })], data));
    assert.ok(!isAllowed([grant({ dataActions: ['*'] })]));
    assert.ok(isAllowed([grant({ dataActions: ['*'] })], data));
    assert.ok(!isAllowed([grant({ dataActions: ['*'], notDataActions: ['*/write'] })], data));
  });
});

const can = (roleName: string, action: string, kind: 'control' | 'data' = 'control'): boolean => {
  const role = builtInRoles.find((one) => one.roleName === roleName);
  assert.ok(role !== undefined);
  const grants = [{ roleName, scope: '/', permissions: role.permissions }];
  return authorise(grants, { action, scope: workspace, kind }).kind === 'allowed';
};
const blob = (word: string) => `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${word}`;

describe('builtInRoles', () => {
  const assign = 'Microsoft.Authorization/roleAssignments/write';

  it('let only Owner say who may do what', () => {
    const able = builtInRoles.filter(({ roleName }) => can(roleName, assign));
    assert.deepEqual(
      able.map(({ roleName }) => roleName),
      ['Owner'],
    );
    assert.ok(can('Contributor', `${endpoints}/write`));
  });

  it('let a Reader read, and see no keys', () => {
    assert.ok(can('Reader', `${endpoints}/read`));
    assert.ok(!can('Reader', `${endpoints}/write`));
    assert.ok(!can('Reader', `${endpoints}/listKeys/action`));
  });

  it('let a data scientist do everything in a workspace but change it', () => {
    const role = 'AzureML Data Scientist';
    assert.ok(can(role, `${endpoints}/deployments/delete`));
    assert.ok(can(role, 'Microsoft.MachineLearningServices/workspaces/read'));
    assert.ok(!can(role, 'Microsoft.MachineLearningServices/workspaces/write'));
    assert.ok(!can(role, 'Microsoft.MachineLearningServices/workspaces/computes/write'));
    assert.ok(!can(role, 'Microsoft.ManagedIdentity/userAssignedIdentities/write'));
  });

  it('give data to roles of storage alone', () => {
    assert.ok(!can('Owner', blob('read'), 'data'));
    assert.ok(can('Storage Blob Data Reader', blob('read'), 'data'));
    assert.ok(!can('Storage Blob Data Reader', blob('write'), 'data'));
    assert.ok(can('Storage Blob Data Contributor', blob('write'), 'data'));
    assert.ok(!can('Storage Blob Data Contributor', blob('manageOwnership/action'), 'data'));
    assert.ok(can('Storage Blob Data Owner', blob('manageOwnership/action'), 'data'));
  });
});
