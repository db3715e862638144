import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { startTestPostgres } from './catalog/test-postgres.ts';
import type { TestPostgres } from './catalog/test-postgres.ts';
import { createMemoryRuntime } from './runtime-memory.ts';
import { startTestWorkspace, until, workspaceId } from './test-workspace.ts';
import type { TestWorkspace, TestWorkspaceOptions } from './test-workspace.ts';

const endpoint = { location: 'x', properties: { authMode: 'Key' } };
const codeUri = 'azureml://datastores/workspaceblobstore/paths/LocalUpload/abc/src';
const deployment = {
  properties: {
    codeConfiguration: { codeId: `${workspaceId}/codes/abc/versions/1`, scoringScript: 'score.ts' },
    dataCollector: { collections: { model_inputs: { dataCollectionMode: 'Enabled' } } },
  },
};

const uploadCode = async (workspace: TestWorkspace): Promise<void> => {
  const file = '/datastores/workspaceblobstore/files/LocalUpload/abc/src/score.ts';
  assert.equal((await workspace.call('PUT', file, { body: 'export const run = 1' })).status, 201);
  const code = await workspace.call('PUT', '/codes/abc/versions/1', { body: { properties: { codeUri } } });
  assert.equal(code.status, 201);
};

const dataBody = (dataUri: string, description?: string) => ({
  body: { properties: { dataUri, description } },
});

/** Holds for every database. */
function workspaceContract(database: () => Promise<string | undefined>): void {
  const start = async (options: TestWorkspaceOptions = {}): Promise<TestWorkspace> => {
    const databaseUrl = await database();
    return startTestWorkspace(databaseUrl === undefined ? options : { databaseUrl, ...options });
  };
  const withBlue = async (options: TestWorkspaceOptions = {}): Promise<TestWorkspace> => {
    const workspace = await start(options);
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const made = await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/blue', {
      body: deployment,
    });
    assert.equal(made.body['status'], 'Succeeded', JSON.stringify(made.body));
    return workspace;
  };

  it('makes an endpoint as a long operation, and shows it in the shape of Azure Resource Manager', async () => {
    await using workspace = await start();
    const made = await workspace.call('PUT', '/onlineEndpoints/Iris?api-version=2022-05-01', {
      body: endpoint,
    });
    assert.equal(made.status, 201);
    assert.match(
      made.headers['azure-asyncoperation'] ?? '',
      /^http:\/\/gleaner\.example:5080\/subscriptions\/0-0\/providers\/Microsoft\.MachineLearningServices\/locations\/here\/mfeOperationsStatus\//,
    );
    const end = await workspace.settle('PUT', '/onlineEndpoints/other', { body: endpoint });
    assert.equal(end.body['status'], 'Succeeded');
    const path = `${workspaceId.replace('resourceGroups', 'RESOURCEGROUPS')}/onlineendpoints/IRIS`;
    const { body, headers } = await workspace.call('GET', path);
    assert.equal(body['name'], 'Iris');
    assert.equal(body['id'], `${workspaceId}/onlineEndpoints/Iris`);
    assert.equal(body['properties'].provisioningState, 'Succeeded');
    assert.equal(body['properties'].scoringUri, 'http://gleaner.example:5080/endpoints/Iris/score');
    assert.ok(headers['etag']);
    const list = await workspace.call('GET', '/onlineEndpoints');
    assert.equal(list.body['value'].length, 2);
  });

  it('tells the runtime whose keys are good, and shows the keys to nobody who does not ask for them', async () => {
    await using workspace = await start();
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const { body: keys } = await workspace.call('POST', '/onlineEndpoints/iris/listKeys');
    const hashes = [keys['primaryKey'], keys['secondaryKey']].map((key: string) => {
      assert.ok(key.length >= 32);
      return createHash('sha256').update(key).digest('hex');
    });
    assert.deepEqual(workspace.runtime.routes[0]?.auth, { kind: 'key', keyHashes: hashes });
    const changed = await workspace.call('POST', '/onlineEndpoints/iris/regenerateKeys', {
      body: { keyType: 'Primary' },
    });
    assert.equal(changed.status, 200);
    const { body: newKeys } = await workspace.call('POST', '/onlineEndpoints/iris/listKeys');
    assert.notEqual(newKeys['primaryKey'], keys['primaryKey']);
    assert.equal(newKeys['secondaryKey'], keys['secondaryKey']);
    assert.notDeepEqual(workspace.runtime.routes[0]?.auth, { kind: 'key', keyHashes: hashes });
    const shown = JSON.stringify((await workspace.call('GET', '/onlineEndpoints/iris')).body);
    const files = await Promise.all(
      ['workspace.db', 'workspace.db-wal'].map(async (name) =>
        readFile(join(workspace.folder, name), 'latin1').catch(() => ''),
      ),
    );
    const kept = files.join('');
    for (const key of [keys['primaryKey'], keys['secondaryKey'], newKeys['primaryKey']])
      assert.ok(!(shown + kept + workspace.log()).includes(key));
    assert.equal((await workspace.call('POST', '/onlineEndpoints/iris/token')).status, 400);
  });

  it('signs tokens for an endpoint that takes them', async () => {
    await using workspace = await start();
    const body = { properties: { authMode: 'AMLToken' } };
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body });
    const { body: token } = await workspace.call('POST', '/onlineEndpoints/iris/token');
    const claims = JSON.parse(
      Buffer.from(String(token['accessToken']).split('.')[1] ?? '', 'base64url').toString(),
    );
    assert.equal(claims.aud, 'iris');
    assert.equal(claims.exp, token['expiryTimeUtc']);
    assert.equal(workspace.runtime.routes[0]?.auth.kind, 'token');
    assert.equal((await workspace.call('POST', '/onlineEndpoints/iris/listKeys')).status, 400);
  });

  it('makes a deployment real by its plan, and registers the data asset of every collection', async () => {
    await using workspace = await withBlue();
    const plan = workspace.runtime.plans.get('iris/blue');
    assert.deepEqual(plan?.program, {
      kind: 'typescript',
      codeFolder: join(workspace.folder, 'workspaceblobstore/LocalUpload/abc/src'),
      script: 'score.ts',
    });
    assert.deepEqual(plan.collector.collections['model_inputs'], {
      enabled: true,
      samplingRate: 1,
      path: 'azureml://datastores/workspaceblobstore/paths/modelDataCollector/iris/blue/model_inputs',
    });
    const asset = await workspace.call('GET', '/data/iris-blue-model_inputs/versions/1');
    assert.equal(
      asset.body['properties'].dataUri,
      'azureml://subscriptions/0-0/resourcegroups/local/workspaces/w/datastores/workspaceblobstore/paths/modelDataCollector/iris/blue/model_inputs',
    );
    const shown = await workspace.call('GET', '/onlineEndpoints/iris/deployments/blue');
    assert.equal(shown.body['properties'].dataCollector.collections.model_inputs.dataId, asset.body['id']);
    assert.equal(shown.body['properties'].provisioningState, 'Succeeded');
  });

  it('uses a data asset of that name as it is, wherever it leads', async () => {
    await using workspace = await start();
    const dataUri = 'azureml://datastores/workspaceblobstore/paths/elsewhere';
    await workspace.call('PUT', '/data/iris-blue-model_inputs/versions/1', {
      body: { properties: { dataUri } },
    });
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/blue', { body: deployment });
    const plan = workspace.runtime.plans.get('iris/blue');
    assert.equal(plan?.collector.collections['model_inputs']?.path, dataUri);
  });

  it('refuses a deployment whose endpoint, code or names are not there, before anything runs', async () => {
    await using workspace = await start();
    const put = async (path: string, properties: object) =>
      workspace.call('PUT', path, { body: { properties } });
    const orphan = await put('/onlineEndpoints/none/deployments/blue', deployment.properties);
    assert.equal(orphan.status, 404);
    assert.match(
      orphan.body['error'].message,
      /^The Resource '.*onlineEndpoints\/none' under resource group 'local' was not found\.$/,
    );
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const codeless = await put('/onlineEndpoints/iris/deployments/blue', deployment.properties);
    assert.equal(codeless.status, 404);
    const named = await put('/onlineEndpoints/iris/deployments/b', deployment.properties);
    assert.match(named.body['error'].message, /must be at least 3 and at most 32 characters/);
    const empty = await put('/onlineEndpoints/iris/deployments/blue', {});
    assert.equal(empty.status, 400);
    const image = { environmentId: 'azureml:img:1' };
    await workspace.call('PUT', '/environments/img/versions/1', { body: { properties: { image: 'nginx' } } });
    const container = await put('/onlineEndpoints/iris/deployments/blue', image);
    assert.match(container.body['error'].message, /Kubernetes/);
    assert.equal((await workspace.call('GET', '/onlineEndpoints/iris/deployments/blue')).status, 404);
    assert.equal((await workspace.call('GET', '/data')).body['value'].length, 0);
  });

  it('says why a deployment failed, with the last lines of its log, and lets it be mended', async () => {
    let isBroken = true;
    const runtime = createMemoryRuntime({
      beforeApply: async () => {
        if (isBroken)
          throw Object.assign(new Error('init() failed'), { code: 'program_failed', log: 'KeyError' });
      },
    });
    await using workspace = await start({ runtime });
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const path = '/onlineEndpoints/iris/deployments/blue';
    const failed = await workspace.settle('PUT', path, { body: deployment });
    assert.equal(failed.body['status'], 'Failed');
    assert.deepEqual(failed.body['error'], {
      code: 'program_failed',
      message: 'init() failed',
      details: [{ code: 'log', message: 'KeyError' }],
    });
    assert.equal((await workspace.call('GET', path)).body['properties'].provisioningState, 'Failed');
    const traffic = { properties: { traffic: { blue: 100 } } };
    assert.equal((await workspace.call('PATCH', '/onlineEndpoints/iris', { body: traffic })).status, 400);
    isBroken = false;
    assert.equal((await workspace.settle('PUT', path, { body: deployment })).body['status'], 'Succeeded');
  });

  it('tells nothing of an error of its own', async () => {
    const runtime = createMemoryRuntime({
      beforeApply: async () => {
        throw new Error('password=hunter2');
      },
    });
    await using workspace = await start({ runtime });
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const failed = await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/blue', {
      body: deployment,
    });
    assert.equal(failed.body['error'].code, 'InternalServerError');
    assert.doesNotMatch(JSON.stringify(failed.body), /hunter2/);
    assert.match(workspace.log(), /operation_failed/);
  });

  it('fails a deployment whose files are gone', async () => {
    await using workspace = await withBlue();
    const modelUri = 'azureml://datastores/workspaceblobstore/paths/nowhere/model.pkl';
    await workspace.call('PUT', '/models/gone/versions/1', { body: { properties: { modelUri } } });
    const body = { properties: { ...deployment.properties, model: 'azureml:gone@latest' } };
    const failed = await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/blue', { body });
    assert.equal(failed.body['error'].code, 'artifact_missing');
    const script = { codeConfiguration: { codeId: 'azureml:abc:1', scoringScript: 'other.ts' } };
    const unscripted = await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/green', {
      body: { properties: script },
    });
    assert.match(unscripted.body['error'].message, /other\.ts/);
  });

  it('takes one change of a deployment at a time', async () => {
    const gate = Promise.withResolvers<undefined>();
    const runtime = createMemoryRuntime({ beforeApply: async () => gate.promise });
    await using workspace = await start({ runtime });
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    const path = '/onlineEndpoints/iris/deployments/blue';
    const first = await workspace.call('PUT', path, { body: deployment });
    assert.equal(first.body['properties'].provisioningState, 'Creating');
    assert.equal((await workspace.call('PUT', path, { body: deployment })).status, 409);
    gate.resolve(undefined);
  });

  it('splits traffic among deployments that are there, and to 0 or 100', async () => {
    await using workspace = await withBlue();
    const green = '/onlineEndpoints/iris/deployments/green';
    await workspace.settle('PUT', green, { body: deployment });
    const patch = async (properties: object) =>
      workspace.call('PATCH', '/onlineEndpoints/iris', { body: { properties } });
    for (const [properties, words] of [
      [{ traffic: { red: 100 } }, /red/],
      [{ traffic: { blue: 50 } }, /is 50; it must be 0 or 100/],
      [{ traffic: { blue: 100 }, mirrorTraffic: { green: 60 } }, /at most 50/],
      [{ mirrorTraffic: { green: 10, blue: 10 } }, /exactly one/],
      [{ traffic: { blue: 100 }, mirrorTraffic: { blue: 10 } }, /live traffic/],
    ] as const) {
      const refused = await patch(properties);
      assert.equal(refused.status, 400);
      assert.match(refused.body['error'].message, words);
    }
    const split = { traffic: { BLUE: 100, green: 0 }, mirrorTraffic: { green: 10 } };
    await workspace.settle('PATCH', '/onlineEndpoints/iris', { body: { properties: split } });
    assert.deepEqual(workspace.runtime.routes[0]?.traffic, { blue: 100 });
    assert.deepEqual(workspace.runtime.routes[0]?.mirrorTraffic, { green: 10 });
    const inUse = await workspace.call('DELETE', '/onlineEndpoints/iris/deployments/blue');
    assert.equal(inUse.status, 400);
    await workspace.settle('PATCH', '/onlineEndpoints/iris', {
      body: { properties: { traffic: { green: 100 }, mirrorTraffic: {} } },
    });
    const gone = await workspace.settle('DELETE', '/onlineEndpoints/iris/deployments/blue');
    assert.equal(gone.body['status'], 'Succeeded');
    assert.deepEqual([...workspace.runtime.plans.keys()], ['iris/green']);
  });

  it('deletes an endpoint with its deployments, and leaves its data assets', async () => {
    await using workspace = await withBlue();
    await workspace.settle('DELETE', '/onlineEndpoints/iris');
    assert.equal(workspace.runtime.plans.size, 0);
    assert.deepEqual(workspace.runtime.routes, []);
    assert.equal((await workspace.call('GET', '/onlineEndpoints/iris/deployments/blue')).status, 404);
    assert.equal((await workspace.call('GET', '/data/iris-blue-model_inputs/versions/1')).status, 200);
    assert.equal((await workspace.call('DELETE', '/onlineEndpoints/iris')).status, 204);
  });

  it('changes only what the caller has seen', async () => {
    await using workspace = await withBlue();
    const path = '/onlineEndpoints/iris/deployments/blue';
    const { headers } = await workspace.call('GET', path);
    const patch = {
      body: { properties: { description: 'one' } },
      headers: { 'if-match': headers['etag'] ?? '' },
    };
    await workspace.settle('PATCH', path, patch);
    assert.equal((await workspace.call('PATCH', path, patch)).status, 412);
    const makeOnly = { body: deployment, headers: { 'if-none-match': '*' } };
    assert.equal((await workspace.call('PUT', path, makeOnly)).status, 412);
  });

  it('keeps versions as they were made', async () => {
    await using workspace = await start();
    const path = '/data/d/versions/1';
    const uri = 'azureml://datastores/workspaceblobstore/paths/a/';
    assert.equal((await workspace.call('PUT', path, dataBody(uri))).status, 201);
    const labelled = await workspace.call('PUT', path, dataBody(uri, 'mine'));
    assert.equal(labelled.status, 200);
    assert.equal(labelled.body['properties'].description, 'mine');
    const other = await workspace.call(
      'PUT',
      path,
      dataBody('azureml://datastores/workspaceblobstore/paths/b'),
    );
    assert.equal(other.status, 409);
    assert.match(other.body['error'].message, /already exists/);
    await workspace.call('PUT', '/data/d/versions/7', dataBody(uri));
    const asset = await workspace.call('GET', '/data/d');
    assert.equal(asset.body['properties'].latestVersion, '7');
    assert.equal(asset.body['properties'].nextVersion, '8');
    const newest = await workspace.call('GET', '/data/d/versions?$orderBy=createdtime%20desc&$top=1');
    assert.deepEqual(
      newest.body['value'].map(({ name }: { name: string }) => name),
      ['7'],
    );
    assert.equal((await workspace.call('PUT', '/data/..%2fx/versions/1', dataBody(uri))).status, 400);
  });

  it('shows the secrets of a datastore only to who asks for them, and gives them to the runtime', async () => {
    await using workspace = await start();
    const secret = 'c2VjcmV0LWtleQ==';
    const properties = {
      datastoreType: 'AzureBlob',
      accountName: 'acc',
      containerName: 'con',
      credentials: { credentialsType: 'AccountKey', secrets: { secretsType: 'AccountKey', key: secret } },
    };
    const made = await workspace.call('PUT', '/datastores/blob', { body: { properties } });
    assert.equal(made.status, 201);
    const got = await workspace.call('GET', '/datastores/blob');
    assert.doesNotMatch(JSON.stringify([made.body, got.body]), new RegExp(secret));
    const secrets = await workspace.call('POST', '/datastores/blob/listSecrets');
    assert.deepEqual(secrets.body, { secretsType: 'AccountKey', key: secret });
    await workspace.call('PUT', '/data/iris-blue-model_inputs/versions/1', {
      body: { properties: { dataUri: 'azureml://datastores/blob/paths/p' } },
    });
    await uploadCode(workspace);
    await workspace.settle('PUT', '/onlineEndpoints/iris', { body: endpoint });
    await workspace.settle('PUT', '/onlineEndpoints/iris/deployments/blue', { body: deployment });
    assert.deepEqual(workspace.runtime.plans.get('iris/blue')?.collector.datastores, {
      blob: {
        type: 'azure_blob',
        account_name: 'acc',
        container_name: 'con',
        credentials: { account_key: secret },
      },
    });
    const rotated = { ...properties, credentials: { ...properties.credentials, secrets: { key: 'bmV3' } } };
    await workspace.call('PUT', '/datastores/blob', { body: { properties: rotated } });
    const keyOf = () =>
      JSON.stringify(workspace.runtime.plans.get('iris/blue')?.collector.datastores['blob']?.['credentials']);
    await until(async () => keyOf() !== JSON.stringify({ account_key: secret }));
    assert.equal(keyOf(), JSON.stringify({ account_key: 'bmV3' }));
    const used = '/data/iris-blue-model_inputs/versions/1';
    assert.equal((await workspace.call('DELETE', used)).status, 400);
    assert.equal((await workspace.call('DELETE', '/datastores/blob')).status, 400);
    assert.equal((await workspace.call('DELETE', '/datastores/workspaceblobstore')).status, 400);
    const incomplete = { properties: { datastoreType: 'AzureBlob', accountName: 'acc' } };
    assert.equal((await workspace.call('PUT', '/datastores/bad', { body: incomplete })).status, 400);
  });

  it('refuses uploads that lead elsewhere', async () => {
    await using workspace = await start();
    for (const path of [
      'LocalUpload/abc/..%2f..%2f..%2fkey',
      'LocalUpload/../../key',
      'modelDataCollector/x/y',
      'LocalUpload/abc/a%00b',
      'LocalUpload',
      'LocalUpload/abc//x',
    ]) {
      const { status } = await workspace.call('PUT', `/datastores/workspaceblobstore/files/${path}`, {
        body: 'x',
      });
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    }
    assert.equal((await stat(join(workspace.folder, 'key'))).size, 32);
    const large = 'x'.repeat(3 * 1024 ** 2);
    const path = '/datastores/workspaceblobstore/files/LocalUpload/abc/model.bin';
    assert.equal((await workspace.call('PUT', path, { body: large })).status, 201);
    const stored = await stat(join(workspace.folder, 'workspaceblobstore/LocalUpload/abc/model.bin'));
    assert.equal(stored.size, large.length);
  });

  it('refuses what is no request of a client of ours', async () => {
    await using workspace = await start();
    const status = async (headers: Record<string, string>, path = '/onlineEndpoints') =>
      (await workspace.call('GET', path, { headers })).status;
    assert.equal(await status({ host: 'evil.example' }), 403);
    assert.equal(await status({ host: 'gleaner.example:5080' }), 200);
    assert.equal(await status({ origin: 'http://evil.example' }), 403);
    assert.equal(await status({ origin: 'http://gleaner.example:5080' }), 200);
    assert.equal(await status({}, '//nothing/here'), 404);
    const other = workspaceId.replace(/w$/, 'other');
    assert.equal(await status({}, `${other}/onlineEndpoints`), 404);
    const put = async (text: string, type: string) =>
      workspace.call('PUT', '/onlineEndpoints/iris', { body: text, headers: { 'content-type': type } });
    assert.equal((await put('<x/>', 'application/xml')).status, 415);
    assert.equal((await put('{', 'application/json')).status, 400);
    const huge = JSON.stringify({ ...endpoint, tags: { x: 'x'.repeat(1024 ** 2) } });
    assert.equal((await put(huge, 'application/json')).status, 413);
    const wrong = await put('{"properties":{"authMode":"None"}}', 'application/json');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body['error'].details[0].message, /properties\.authMode/);
  });

  it('lists itself, and describes its interface', async () => {
    await using workspace = await start();
    const { body } = await workspace.call('GET', workspaceId);
    assert.equal(body['name'], 'w');
    const list = await workspace.call('GET', workspaceId.replace(/\/w$/, ''));
    assert.equal(list.body['value'][0].id, workspaceId);
    const document = await workspace.call('GET', '//openapi.json');
    assert.ok(Object.keys(document.body['paths']).length > 20);
  });

  it('goes on at the next start with a create that was cut, and brings back what ran', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-workspace-'));
    const databaseUrl = await database();
    const place = { folder, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    try {
      const gate = Promise.withResolvers<undefined>();
      const applying = Promise.withResolvers<undefined>();
      const runtime = createMemoryRuntime({
        beforeApply: async ({ deployment: name }) => {
          if (name !== 'green') return;
          applying.resolve(undefined);
          await gate.promise;
        },
      });
      const path = '/onlineEndpoints/iris/deployments/green';
      let operation = '';
      {
        await using workspace = await withBlue({ ...place, runtime });
        const cut = await workspace.call('PUT', path, { body: deployment });
        operation = new URL(cut.headers['azure-asyncoperation'] ?? '').pathname;
        await applying.promise;
      }
      await using workspace = await start(place);
      await until(async () => {
        const { body } = await workspace.call('GET', operation);
        assert.notEqual(body['status'], 'Failed');
        return body['status'] === 'Succeeded';
      });
      assert.equal((await workspace.call('GET', path)).body['properties'].provisioningState, 'Succeeded');
      assert.deepEqual([...workspace.runtime.plans.keys()].toSorted(), ['iris/blue', 'iris/green']);
      assert.equal(workspace.runtime.routes[0]?.endpoint, 'iris');
      gate.resolve(undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('goes on at the next start with a delete that was cut', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-workspace-'));
    const databaseUrl = await database();
    const place = { folder, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    try {
      const removing = Promise.withResolvers<undefined>();
      const runtime = createMemoryRuntime({
        beforeRemove: async () => {
          removing.resolve(undefined);
          await new Promise(() => undefined);
        },
      });
      {
        await using workspace = await withBlue({ ...place, runtime });
        await workspace.call('DELETE', '/onlineEndpoints/iris');
        await removing.promise;
      }
      await using workspace = await start(place);
      await until(async () => (await workspace.call('GET', '/onlineEndpoints/iris')).status === 404);
      assert.equal((await workspace.call('GET', '/onlineEndpoints')).body['value'].length, 0);
      assert.equal(workspace.runtime.plans.size, 0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('goes on with the deployment before when an update fails, also at the next start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-workspace-'));
    const databaseUrl = await database();
    const place = { folder, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    try {
      {
        const runtime = createMemoryRuntime({
          beforeApply: async ({ instanceCount }) => {
            if (instanceCount === 3) throw Object.assign(new Error('no'), { code: 'probe_failed' });
          },
        });
        await using workspace = await withBlue({ ...place, runtime });
        const path = '/onlineEndpoints/iris/deployments/blue';
        const failed = await workspace.settle('PUT', path, { body: { ...deployment, sku: { capacity: 3 } } });
        assert.equal(failed.body['status'], 'Failed');
        assert.equal(runtime.plans.get('iris/blue')?.instanceCount, 1);
      }
      await using workspace = await start(place);
      await until(async () => workspace.runtime.plans.size > 0);
      assert.equal(workspace.runtime.plans.get('iris/blue')?.instanceCount, 1);
      const { body } = await workspace.call('GET', '/onlineEndpoints/iris/deployments/blue');
      assert.equal(body['properties'].provisioningState, 'Failed');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

describe('openWorkspace on SQLite', () => {
  workspaceContract(async () => undefined);
});

describe('openWorkspace on Postgres', () => {
  let postgres: TestPostgres | undefined;
  before(async () => {
    postgres = await startTestPostgres();
  });
  after(async () => postgres?.[Symbol.asyncDispose]());
  workspaceContract(async () => postgres?.createDatabase());
});
