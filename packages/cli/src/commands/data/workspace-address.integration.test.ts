import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inlineFrame } from '@gleaner/protocol';
import { createMemoryRuntime, openWorkspace } from '@gleaner/workspace';
import { startAzurite } from '@gleaner/testkit';
import { openFolderDatastore } from '@gleaner/datastore';
import { pino } from 'pino';
import { gleaner } from '../../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-address-'));
const stack = new AsyncDisposableStack();
stack.defer(() => rm(folder, { recursive: true }));
after(() => stack.disposeAsync());
let token = '';
const workspace = stack.adopt(
  await openWorkspace({
    dataFolder: join(folder, 'data'),
    runtime: createMemoryRuntime(),
    listen: { host: '127.0.0.1', port: 0 },
    publicUrl: 'http://127.0.0.1:9',
    names: {
      subscriptionId: '00000000-0000-0000-0000-000000000000',
      resourceGroup: 'local',
      workspace: 'local',
    },
    location: 'local',
    keepOwner: async (owner) => {
      token = owner.token;
    },
    logger: pino({ level: 'silent' }),
  }),
  (opened) => opened.close(),
);

async function run(words: readonly string[], server = `http://127.0.0.1:${workspace.port}`) {
  return gleaner(words, { folder, environment: { GLEANER_SERVER: server, GLEANER_TOKEN: token } });
}

async function rowIds(place: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(['data', 'rows', place, '--query', '[].row_id']);
  assert.equal(exitCode, 0, stderr);
  return stdout.trimEnd().split('\n');
}

function line(id: string): Buffer {
  const data = '[{"a":1}]';
  const { head, tail } = inlineFrame({
    id,
    source: '/s',
    collection: 'model_inputs',
    contentType: 'application/json',
    time: Date.UTC(2026, 10, 23, 18) / 1000,
    bodyBytes: data.length,
    correlationId: id,
    extensions: [],
  });
  return Buffer.from(head + data + tail);
}

async function collect(root: string, path: string, id: string): Promise<void> {
  await using datastore = await openFolderDatastore(root);
  await datastore.put(`${path}/i.jsonl`, line(id));
}

const own = join(folder, 'data/workspaceblobstore');
const collection = 'modelDataCollector/iris/blue/model_inputs';

before(async () => {
  await mkdir(join(folder, 'code'), { recursive: true });
  const files = {
    'endpoint.yml': 'name: iris\nauth_mode: key\n',
    'deployment.yml':
      'name: blue\nendpoint_name: iris\ninstance_count: 1\ninstance_type: x\n' +
      'code_configuration: {code: code, scoring_script: score.ts}\n' +
      "data_collector: {collections: {model_inputs: {enabled: 'true'}}}\n",
    'code/score.ts': 'export async function init() {}\nexport async function run() {}\n',
    'archive.yml': 'name: archive\ntype: folder\npath: archive\n',
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  for (const words of [
    'ml online-endpoint create -f endpoint.yml',
    'ml online-deployment create -f deployment.yml',
    'ml datastore create -f archive.yml',
    'ml data create -n old -v 3 --path azureml://datastores/archive/paths/2025/rows',
  ]) {
    const { exitCode, stdout, stderr } = await run(words.split(' '));
    assert.equal(exitCode, 0, `${words}: ${stdout}${stderr}`);
  }
  await collect(own, `${collection}/2026/11/23/18`, 'c1');
  await collect(own, `${collection}/2026/11/23/19`, 'c2');
  await collect(join(folder, 'archive'), '2025/rows/2025/11/23/18', 'old');
});

describe('gleaner data, by the names of a workspace', () => {
  it('finds a collection by data asset, by deployment, and by azureml:// path', async () => {
    const long =
      'azureml://subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/local/workspaces/local/datastores/';
    const places = {
      'azureml:old:3': ['old_0'],
      'azureml:old@latest': ['old_0'],
      'azureml://datastores/archive/paths/2025/rows': ['old_0'],
      [`${long}workspaceblobstore/paths/${collection}`]: ['c1_0', 'c2_0'],
      'iris/blue/model_inputs': ['c1_0', 'c2_0'],
      'iris/blue/model_inputs/2026/11/23/19': ['c2_0'],
    };
    for (const [place, ids] of Object.entries(places)) assert.deepEqual(await rowIds(place), ids, place);
    const { exitCode, stdout } = await run(['data', 'verify', 'iris/blue/model_inputs']);
    assert.deepEqual([exitCode, /accepted 2 · stored 2/.test(stdout)], [0, true]);
  });

  it('prefers a folder that is there', async () => {
    await collect(
      join(folder, 'gleaner-data/modelDataCollector'),
      'iris/blue/model_inputs/2026/11/23/18',
      'near',
    );
    assert.deepEqual(await rowIds('iris/blue/model_inputs'), ['near_0']);
    await rm(join(folder, 'gleaner-data'), { recursive: true });
  });

  it('opens a datastore of the cloud with the secrets that the workspace keeps', async () => {
    await using azurite = await startAzurite();
    await azurite.createContainer('collected');
    const file = [
      'name: blob',
      'type: azure_blob',
      `account_name: ${azurite.account}`,
      'container_name: collected',
      `endpoint: ${azurite.endpoint}`,
      'protocol: http',
      `credentials: {account_key: "${azurite.accountKey}"}`,
    ].join('\n');
    await writeFile(join(folder, 'blob.yml'), file);
    assert.equal((await run(['ml', 'datastore', 'create', '-f', 'blob.yml'])).exitCode, 0);
    const place = 'azureml://datastores/blob/paths/rows';
    const exported = await run([
      'data',
      'export',
      '--to',
      place,
      'iris/blue/model_inputs',
      '--cache',
      'cache',
    ]);
    assert.equal(exported.exitCode, 0, exported.stderr);
    const { stdout, stderr, exitCode } = await run(['data', 'ls', '--tree', place]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /model_inputs\.parquet/);
    assert.ok(!`${stdout}${stderr}${exported.stdout}${exported.stderr}`.includes(azurite.accountKey));
  });

  it('says what it looked for when the workspace does not have it', async () => {
    const cases = {
      'azureml:none:1': /no data asset azureml:none:1 of the workspace/,
      'iris/blue/none': /nothing at iris\/blue\/none: no folder, and no collection of a deployment/,
      'iris/none/model_inputs': /nothing at iris\/none\/model_inputs/,
      'azureml://datastores/none/paths/x': /no datastore 'none' of the workspace/,
      '/nowhere/in/this/world': /There is nothing at \/nowhere/,
    };
    for (const [place, message] of Object.entries(cases)) {
      const { exitCode, stderr } = await run(['data', 'rows', place]);
      assert.equal(exitCode, 2, place);
      assert.match(stderr, message);
    }
  });

  it('says that no workspace answers, and what to do', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    for (const place of ['azureml:old:3', 'iris/blue/model_inputs', 'azureml://datastores/archive/paths/x']) {
      const { exitCode, stderr } = await run(['data', 'rows', place], `http://127.0.0.1:${port}`);
      assert.equal(exitCode, 2, place);
      assert.match(
        stderr,
        /There is no.*No workspace answers at http:\/\/127\.0\.0\.1:\d+\.\n {2}fix: .*gleaner up/,
      );
    }
  });
});
