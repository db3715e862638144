import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { DeploymentPlan } from '../api/runtime.ts';
import { createMemoryRuntime } from '../runtime-memory.ts';
import { startTestWorkspace, until, workspaceId } from '../test-workspace.ts';
import type { TestWorkspace } from '../test-workspace.ts';

const blue = '/onlineEndpoints/iris/deployments/blue';

describe('a datastore that is changed', () => {
  it('during an update leaves what the update made', async () => {
    const gate = Promise.withResolvers<undefined>();
    const applying = Promise.withResolvers<undefined>();
    const runtime = createMemoryRuntime({
      beforeApply: async (plan) => {
        if (versionOf(plan) !== 'v2') return;
        applying.resolve(undefined);
        await gate.promise;
      },
    });
    await using workspace = await startTestWorkspace({ runtime });
    await deploy(workspace);
    const updated = workspace.settle('PUT', blue, { body: deployment('v2') });
    await applying.promise;
    await putDatastore(workspace, 'logs', 'a');
    gate.resolve(undefined);
    assert.equal((await updated).body['status'], 'Succeeded');
    await until(async () => keyOf(runtime.plans.get('iris/blue')) === 'a');
    assert.equal(versionOf(runtime.plans.get('iris/blue')), 'v2');
  });

  it('goes to the deployments that use it, one after the other, and to no other', async () => {
    let running = 0;
    let most = 0;
    const applied: string[] = [];
    const runtime = createMemoryRuntime({
      beforeApply: async ({ deployment: name }) => {
        applied.push(name);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running--;
      },
    });
    await using workspace = await startTestWorkspace({ runtime });
    await deploy(workspace);
    const at = '/onlineEndpoints/iris/deployments';
    await workspace.settle('PUT', `${at}/green`, { body: deployment('v1') });
    await workspace.settle('PUT', `${at}/plain`, { body: deployment('v1', { collections: {} }) });
    applied.length = 0;
    await putDatastore(workspace, 'logs', 'a');
    await until(async () => keyOf(runtime.plans.get('iris/green')) === 'a');
    await putDatastore(workspace, 'other', '1');
    await putDatastore(workspace, 'other', '2');
    await putDatastore(workspace, 'logs', 'b');
    await until(async () => keyOf(runtime.plans.get('iris/green')) === 'b');
    assert.deepEqual(applied, ['blue', 'green', 'blue', 'green']);
    assert.equal(most, 1);
  });

  it('does not bring back what is deleted meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>();
    const removing = Promise.withResolvers<undefined>();
    const runtime = createMemoryRuntime({
      beforeRemove: async () => {
        removing.resolve(undefined);
        await gate.promise;
      },
    });
    await using workspace = await startTestWorkspace({ runtime });
    await deploy(workspace);
    const deleted = workspace.settle('DELETE', '/onlineEndpoints/iris');
    await removing.promise;
    const shown = await workspace.call('GET', blue);
    assert.equal(shown.body['properties'].provisioningState, 'Deleting');
    await putDatastore(workspace, 'logs', 'a');
    gate.resolve(undefined);
    assert.equal((await deleted).body['status'], 'Succeeded');
    await workspace.settle('PUT', '/onlineEndpoints/after', { body: { properties: { authMode: 'Key' } } });
    assert.deepEqual([...runtime.plans.keys()], []);
  });
});

describe('a start', () => {
  it('goes on with a deployment that cannot be brought back yet', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-workspace-'));
    try {
      {
        await using workspace = await startTestWorkspace({ folder });
        await deploy(workspace);
      }
      let isThere = false;
      const runtime = createMemoryRuntime({
        beforeApply: async () => {
          if (!isThere) throw Object.assign(new Error('no file'), { code: 'program_failed' });
        },
      });
      await using workspace = await startTestWorkspace({ folder, runtime });
      const stateIs = async (state: string) =>
        (await workspace.call('GET', blue)).body['properties'].provisioningState === state;
      await until(async () => stateIs('Failed'));
      isThere = true;
      await until(async () => runtime.plans.has('iris/blue'));
      await until(async () => stateIs('Succeeded'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('brings back what ran before an update that was cut, then goes on with that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-workspace-'));
    try {
      {
        const applying = Promise.withResolvers<undefined>();
        const runtime = createMemoryRuntime({
          beforeApply: async (plan) => {
            if (versionOf(plan) !== 'v2') return;
            applying.resolve(undefined);
            await new Promise(() => undefined);
          },
        });
        await using workspace = await startTestWorkspace({ folder, runtime });
        await deploy(workspace);
        await workspace.call('PUT', blue, { body: deployment('v2') });
        await applying.promise;
      }
      const versions: unknown[] = [];
      const runtime = createMemoryRuntime({
        beforeApply: async (plan) => void versions.push(versionOf(plan)),
      });
      await using workspace = await startTestWorkspace({ folder, runtime });
      await until(
        async () => (await workspace.call('GET', blue)).body['properties'].provisioningState === 'Succeeded',
      );
      assert.deepEqual(versions, ['v1', 'v2']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('deleting what is being made', () => {
  for (const [what, path] of [
    ['a deployment', blue],
    ['an endpoint', '/onlineEndpoints/iris'],
  ] as const)
    it(`${what} ends the change`, async () => {
      const applying = Promise.withResolvers<undefined>();
      const runtime = createMemoryRuntime({
        beforeApply: async (plan) => {
          if (versionOf(plan) !== 'v2') return;
          applying.resolve(undefined);
          await new Promise(() => undefined);
        },
      });
      await using workspace = await startTestWorkspace({ runtime });
      await deploy(workspace);
      const update = await workspace.call('PUT', blue, { body: deployment('v2') });
      await applying.promise;
      const deleted = await workspace.settle('DELETE', path);
      assert.equal(deleted.body['status'], 'Succeeded');
      assert.equal((await workspace.call('GET', blue)).status, 404);
      assert.equal(runtime.plans.size, 0);
      const { pathname } = new URL(update.headers['azure-asyncoperation'] ?? '');
      const { body } = await workspace.call('GET', pathname);
      assert.deepEqual([body['status'], body['error'].code], ['Failed', 'resource_busy']);
    });

  it('that fails leaves what can be deleted again', async () => {
    let isStuck = true;
    const runtime = createMemoryRuntime({
      beforeRemove: async () => {
        if (isStuck) throw new Error('no');
      },
    });
    await using workspace = await startTestWorkspace({ runtime });
    await deploy(workspace);
    const path = '/onlineEndpoints/iris';
    assert.equal((await workspace.settle('DELETE', path)).body['status'], 'Failed');
    isStuck = false;
    assert.equal((await workspace.settle('DELETE', blue)).body['status'], 'Succeeded');
    assert.equal((await workspace.settle('DELETE', path)).body['status'], 'Succeeded');
  });
});

const dataId = `${workspaceId}/data/requests/versions/1`;

function deployment(version: string, dataCollector: object = collected) {
  return {
    properties: {
      codeConfiguration: { codeId: `${workspaceId}/codes/abc/versions/1`, scoringScript: 'score.ts' },
      environmentVariables: { VERSION: version },
      dataCollector,
    },
  };
}

const collected = { collections: { request: { dataCollectionMode: 'Enabled', dataId } } };

async function deploy(workspace: TestWorkspace): Promise<void> {
  await putDatastore(workspace, 'logs', 'first');
  const { call } = workspace;
  const put = async (path: string, properties: object) =>
    assert.equal((await call('PUT', path, { body: { properties } })).status, 201, path);
  await put('/data/requests/versions/1', { dataUri: 'azureml://datastores/logs/paths/p' });
  await call('PUT', '/datastores/workspaceblobstore/files/LocalUpload/abc/src/score.ts', { body: 'x' });
  const codeUri = 'azureml://datastores/workspaceblobstore/paths/LocalUpload/abc/src';
  await put('/codes/abc/versions/1', { codeUri });
  await workspace.settle('PUT', '/onlineEndpoints/iris', { body: { properties: { authMode: 'Key' } } });
  const made = await workspace.settle('PUT', blue, { body: deployment('v1') });
  assert.equal(made.body['status'], 'Succeeded', JSON.stringify(made.body));
}

async function putDatastore({ call }: TestWorkspace, name: string, key: string): Promise<void> {
  const secrets = { secretsType: 'AccountKey', key };
  const credentials = { credentialsType: 'AccountKey', secrets };
  const properties = { datastoreType: 'AzureBlob', accountName: 'a', containerName: 'c', credentials };
  const { status } = await call('PUT', `/datastores/${name}`, { body: { properties } });
  assert.ok(status === 200 || status === 201);
}

function versionOf(plan: DeploymentPlan | undefined): string | undefined {
  return plan?.environmentVariables['VERSION'];
}

/** That the collector has for its datastore. */
function keyOf(plan: DeploymentPlan | undefined): unknown {
  const credentials = plan?.collector.datastores['logs']?.['credentials'];
  return typeof credentials === 'object' && credentials !== null && 'account_key' in credentials
    ? credentials.account_key
    : undefined;
}
