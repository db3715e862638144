import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { GleanerError } from '../errors.ts';
import { readRoleFile } from './role-file.ts';

const scopes = ['/subscriptions/s'];
const actions = ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*'];
const permission = { actions, notActions: [], dataActions: [], notDataActions: [] };

describe('readRoleFile', () => {
  it('reads the form that az takes', () => {
    const text = JSON.stringify({
      Name: 'Deployer',
      IsCustom: true,
      Description: 'deploys',
      Actions: actions,
      AssignableScopes: scopes,
    });
    assert.deepEqual(readRoleFile(text, 'role.json'), {
      roleName: 'Deployer',
      description: 'deploys',
      permissions: [permission],
      assignableScopes: scopes,
    });
  });

  it('reads the form that lists show, in any case, with its id', () => {
    const name = '0a6a2b0c-0000-4000-8000-000000000001';
    const expected = {
      name,
      roleName: 'Deployer',
      description: '',
      permissions: [permission],
      assignableScopes: scopes,
    };
    const flat = { name, roleName: 'Deployer', permissions: [{ actions }], assignableScopes: scopes };
    assert.deepEqual(readRoleFile(JSON.stringify(flat), 'role.json'), expected);
    const { name: _, ...properties } = flat;
    const id = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${name}`;
    assert.deepEqual(readRoleFile(JSON.stringify({ id, properties }), 'role.json'), expected);
  });

  const wrong: Record<string, [text: string, problem: RegExp]> = {
    'no JSON': ['{', /role\.json: .*JSON/],
    'no name': [JSON.stringify({ actions, assignableScopes: scopes }), /Name/],
    'no scope': [JSON.stringify({ name: 'x', actions }), /AssignableScopes/],
    'nothing that it allows': [
      JSON.stringify({ name: 'x', assignableScopes: scopes }),
      /Actions, DataActions/,
    ],
    'a text for a list': [
      JSON.stringify({ name: 'x', actions: '*', assignableScopes: scopes }),
      /actions: a list/,
    ],
  };
  for (const [what, [text, problem]] of Object.entries(wrong))
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readRoleFile(text, 'role.json'),
        (error) =>
          error instanceof GleanerError &&
          error.code === 'resource_file_invalid' &&
          problem.test(error.message),
      );
    });
});
