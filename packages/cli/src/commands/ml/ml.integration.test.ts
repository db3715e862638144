import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createMemoryRuntime, openWorkspace } from '@gleaner/workspace';
import type { Workspace } from '@gleaner/workspace';
import { pino } from 'pino';
import { gleaner } from '../../gleaner-process.ts';

let folder: string;
let workspace: Workspace;
let token = '';
/** What runs, as the workspace asked for it; a script that holds `broken` cannot. */
const runtime = createMemoryRuntime({
  async beforeApply({ deployment }) {
    if (deployment !== 'broken') return;
    // A failure crosses processes as plain JSON.
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
    throw { code: 'program_failed', message: 'init() failed.', log: 'line one\nValueError: no model\n' };
  },
});
/** What the endpoint was sent. */
const requests: { headers: Record<string, unknown>; body: string }[] = [];
const model = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    requests.push({ headers: request.headers, body });
    response.statusCode = body.includes('bad') ? 424 : 200;
    response.end(body.includes('bad') ? 'model error' : '["setosa"]');
  });
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gleaner-ml-'));
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  const address = model.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  workspace = await openWorkspace({
    dataFolder: join(folder, 'data'),
    runtime,
    listen: { host: '127.0.0.1', port: 0 },
    publicUrl: `http://127.0.0.1:${port}`,
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
  });
  const files = {
    'files/endpoint.yml': 'name: iris\nauth_mode: key\n',
    'files/deployment.yml': deploymentFile('blue'),
    'files/broken.yml': deploymentFile('broken'),
    'files/no-code.yml': deploymentFile('blue').replace('../code', '../nope'),
    'files/conda.yml': 'dependencies: [python=3.11]\n',
    'code/score.py': 'def run(x): return x\n',
    'model/model.pkl': 'x',
    'request.json': '{ "data": [1,  2] }\n',
    'bad.json': '{"bad": 1}',
    'archive.yml': 'name: archive\ntype: folder\npath: archive\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
});

after(async () => {
  await workspace.close();
  model.close();
  await rm(folder, { recursive: true });
});

const deploymentFile = (name: string) =>
  `name: ${name}\nendpoint_name: iris\ninstance_type: x\nmodel: {path: ../model}\n` +
  'code_configuration: {code: ../code, scoring_script: score.py}\n' +
  'environment: {conda_file: conda.yml, image: x}\n' +
  "data_collector: {collections: {model_inputs: {enabled: 'true'}}}\n";

async function ml(...words: string[]) {
  const environment = { GLEANER_SERVER: `http://127.0.0.1:${workspace.port}`, GLEANER_TOKEN: token };
  const { exitCode, stdout, stderr } = await gleaner(['ml', ...words], { folder, environment });
  return { exitCode, stderr, stdout, json: () => JSON.parse(stdout) };
}

describe('gleaner ml', () => {
  it('says what to do where no workspace answers, and what --local means', async () => {
    const away = await ml('online-endpoint', 'list', '--server', 'http://127.0.0.1:1');
    assert.equal(away.exitCode, 1);
    assert.match(away.stderr, /No workspace answers at http:\/\/127\.0\.0\.1:1\.[^]*gleaner up/);
    const local = await ml('online-endpoint', 'list', '--local');
    assert.equal(local.exitCode, 2);
    assert.match(local.stderr, /every deployment is on this machine/);
  });

  it('refuses a deployment of an endpoint that there is not, and registers nothing for it', async () => {
    const { exitCode, stderr } = await ml('online-deployment', 'create', '-f', 'files/deployment.yml');
    assert.equal(exitCode, 1);
    assert.match(stderr, /\(ResourceNotFound\)[^]*onlineEndpoints\/iris[^]*online-endpoint create -n iris/);
    assert.equal((await ml('data', 'list', '-o', 'json')).stdout.trim(), '[]');
  });

  it('makes an endpoint, once', async () => {
    const made = await ml('online-endpoint', 'create', '-f', 'files/endpoint.yml', '-o', 'json');
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal(made.json().provisioning_state, 'Succeeded');
    const again = await ml('online-endpoint', 'create', '-f', 'files/endpoint.yml');
    assert.equal(again.exitCode, 1);
    assert.match(again.stderr, /already an endpoint with the name iris/);
  });

  it('names what is missing on this machine before it changes anything', async () => {
    const { exitCode, stderr } = await ml('online-deployment', 'create', '-f', 'files/no-code.yml');
    assert.equal(exitCode, 2);
    assert.match(stderr, /code folder .*nope does not exist/);
  });

  it('uploads, registers and deploys, and sends all traffic there', async () => {
    const create = ['online-deployment', 'create', '-f', 'files/deployment.yml', '--all-traffic'];
    const made = await ml(...create, '-o', 'json');
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal(made.json().provisioning_state, 'Succeeded');

    const plan = runtime.plans.get('iris/blue');
    assert.ok(plan?.program.kind === 'python');
    assert.equal(plan.program.environment.condaFile, 'dependencies: [python=3.11]\n');
    assert.match(plan.program.codeFolder, /\/code$/);
    assert.match(plan.model?.path ?? '', /\/model$/);
    assert.equal(plan.collector.collections['model_inputs']?.enabled, true);
    assert.deepEqual(runtime.routes[0]?.traffic, { blue: 100 });

    const data = await ml('data', 'show', '-n', 'iris-blue-model_inputs', '-v', '1', '-o', 'json');
    assert.match(
      data.json().path,
      /workspaceblobstore\/paths\/modelDataCollector\/iris\/blue\/model_inputs$/,
    );
  });

  it('changes what --set names, and nothing else', async () => {
    const path = 'data_collector.collections.model_inputs.enabled';
    const update = ['online-deployment', 'update', '-e', 'iris', '-n', 'blue', '--set', `${path}=false`];
    const before = runtime.plans.get('iris/blue');
    const { exitCode, stderr } = await ml(...update);
    assert.equal(exitCode, 0, stderr);
    const plan = runtime.plans.get('iris/blue');
    assert.equal(plan?.collector.collections['model_inputs']?.enabled, false);
    assert.deepEqual({ ...plan, collector: undefined }, { ...before, collector: undefined });
  });

  it('shows the end of the log of a program that fails', async () => {
    const { exitCode, stderr } = await ml('online-deployment', 'create', '-f', 'files/broken.yml');
    assert.equal(exitCode, 1);
    assert.match(stderr, /\(program_failed\) init\(\) failed\.\nline one\nValueError: no model/);
    await ml('online-deployment', 'delete', '-e', 'iris', '-n', 'broken', '--yes');
  });

  it('invokes with the key, and the file written again as JSON', async () => {
    const keys = (await ml('online-endpoint', 'get-credentials', '-n', 'iris', '-o', 'json')).json();
    const { exitCode, stdout } = await ml(
      'online-endpoint',
      'invoke',
      '-n',
      'iris',
      '-r',
      'request.json',
      '-d',
      'blue',
    );
    assert.deepEqual([exitCode, stdout], [0, '["setosa"]\n']);
    const request = requests.at(-1);
    assert.equal(request?.body, '{"data":[1,2]}');
    assert.equal(request.headers['authorization'], `Bearer ${keys.primaryKey}`);
    assert.equal(request.headers['azureml-model-deployment'], 'blue');

    const bad = await ml('online-endpoint', 'invoke', '-n', 'iris', '-r', 'bad.json');
    assert.equal(bad.exitCode, 1);
    assert.match(bad.stderr, /answered 424: model error/);
    const none = await ml('online-endpoint', 'invoke', '-n', 'iris', '-r', 'bad.json', '-d', 'grey');
    assert.match(none.stderr, /Deployment name grey not found for this endpoint/);
  });

  it('makes new keys', async () => {
    const keys = async () =>
      (await ml('online-endpoint', 'get-credentials', '-n', 'iris', '-o', 'json')).json();
    const before = await keys();
    const { exitCode } = await ml(
      'online-endpoint',
      'regenerate-keys',
      '-n',
      'iris',
      '--key-type',
      'secondary',
    );
    assert.equal(exitCode, 0);
    const now = await keys();
    assert.equal(now.primaryKey, before.primaryKey);
    assert.notEqual(now.secondaryKey, before.secondaryKey);
  });

  it('keeps datastores, and reads a path of a file as relative to it', async () => {
    const made = await ml('datastore', 'create', '-f', 'archive.yml', '-o', 'json');
    assert.equal(made.json().path, join(folder, 'archive'));
    assert.match((await ml('datastore', 'list')).stdout, /archive +folder/);
    assert.equal((await ml('datastore', 'delete', '-n', 'archive', '--yes')).exitCode, 0);
  });

  it('asks before it deletes, and deletes', async () => {
    const asked = await ml('online-endpoint', 'delete', '-n', 'iris');
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /Use --yes/);
    assert.equal((await ml('online-endpoint', 'delete', '-n', 'iris', '--yes')).exitCode, 0);
    assert.equal(runtime.plans.size, 0);
    assert.match((await ml('online-endpoint', 'show', '-n', 'iris')).stderr, /ResourceNotFound/);
  });
});
