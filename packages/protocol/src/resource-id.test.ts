import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GleanerError } from './errors.ts';
import { dataVersionResourceId, deploymentResourceId, workspaceResourceId } from './resource-id.ts';

const workspace = { subscriptionId: '0000', resourceGroup: 'rg-example', workspace: 'ws-example' };
const workspaceText =
  '/subscriptions/0000/resourceGroups/rg-example/providers/Microsoft.MachineLearningServices/workspaces/ws-example';

describe('workspaceResourceId', () => {
  it('writes and reads the id', () => {
    assert.equal(workspaceResourceId.format(workspace), workspaceText);
    assert.deepEqual(workspaceResourceId.parse(workspaceText), workspace);
  });
});

describe('deploymentResourceId', () => {
  const deployment = { ...workspace, endpoint: 'iris-endpoint', deployment: 'Blue' };
  const text = `${workspaceText}/onlineEndpoints/iris-endpoint/deployments/Blue`;

  it('writes and reads the id', () => {
    assert.equal(deploymentResourceId.format(deployment), text);
    assert.deepEqual(deploymentResourceId.parse(text), deployment);
  });

  it('compares fixed segments without case and leaves names as they are', () => {
    const parsed = deploymentResourceId.parse(
      text.replace('resourceGroups', 'resourcegroups').replace('online', 'Online'),
    );
    assert.deepEqual(parsed, deployment);
  });

  it('reads no id of another kind', () => {
    for (const other of [
      '',
      workspaceText,
      `${text}/x`,
      `x${text}`,
      text.replace('Blue', ''),
      text.replace('onlineE', 'batchE'),
    ]) {
      assert.equal(deploymentResourceId.parse(other), undefined);
    }
  });

  it('writes no id that would be read as another', () => {
    for (const endpoint of ['', 'a/deployments/b']) {
      assert.throws(
        () => deploymentResourceId.format({ ...deployment, endpoint }),
        (error) => error instanceof GleanerError && error.code === 'resource_id_invalid',
      );
    }
  });
});

describe('dataVersionResourceId', () => {
  it('reads what it wrote, whatever the names', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(name, name, name, (group, name, version) => {
        const id = { ...workspace, resourceGroup: group, name, version };
        assert.deepEqual(dataVersionResourceId.parse(dataVersionResourceId.format(id)), id);
      }),
    );
  });
});
