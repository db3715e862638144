/** A program written against `azure-ai-ml`, unchanged, on a workspace of ours. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { pythonEnvironment } from '../../../../../scripts/python.ts';
import { startProcess } from '../../gleaner-process.ts';
import { condaText } from '../ml/conda.ts';
import { examples, startUp } from './up-fixture.ts';
import type { UpWorkspace } from './up-fixture.ts';

const repository = join(import.meta.dirname, '../../../../..');
const program = join(import.meta.dirname, 'ml-client-program.py');
const environment = await pythonEnvironment('mlclient');
const skip = 'unavailable' in environment ? environment.unavailable : false;
const brokenScore = `def init():
    raise RuntimeError("no model here")


def run(data):
    return data
`;

describe('a program written against azure-ai-ml', { skip }, () => {
  const parts = new AsyncDisposableStack();
  let up: UpWorkspace;
  /** What the program told, by the step. */
  const told = new Map<string, readonly string[]>();
  let exports: Record<string, string>;

  before(async () => {
    if ('unavailable' in environment) return;
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-ml-client-'));
    parts.defer(async () => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'score.py'), brokenScore);
    const conda = join(folder, 'conda.yaml');
    await writeFile(conda, await condaText('conda.yaml', join(examples, 'iris')));
    up = parts.use(await startUp({ flags: ['--tls', '--tls-listen', '127.0.0.1:0'] }));
    const [, url = '', bundle = ''] = await up.root.until(
      /export ARM_CLOUD_METADATA_URL=(\S+)\n\s*export REQUESTS_CA_BUNDLE=(\S+)/,
    );
    exports = { ARM_CLOUD_METADATA_URL: url, REQUESTS_CA_BUNDLE: bundle };
    const words = [environment.python, program, join(examples, 'iris'), folder, conda];
    const running = startProcess(words, {
      folder,
      environment: {
        ...exports,
        GLEANER_CONFIG_DIR: up.config,
        PYTHONPATH: join(repository, 'python/src'),
      },
    });
    const { exitCode, stdout, stderr } = await running.ended;
    assert.equal(exitCode, 0, stdout + stderr);
    for (const line of stdout.split('\n')) {
      // Dots are for those who wait.
      const [step = '', ...words] = line.replace(/^\.+/, '').split('\t');
      told.set(step, words);
    }
  });
  after(async () => parts.disposeAsync());

  const expected: Readonly<Record<string, readonly string[]>> = {
    workspace: ['local', 'local'],
    model: ['1', '7', '7', 'True'],
    models: ["['weights']", "['1', '7']"],
    'large model': ['large.bin'],
    data: ['1', 'flowers', '1', 'flowers.csv'],
    'data list': ["['flowers', 'table']"],
    datastore: ['elsewhere', 'acc'],
    datastores: ["['elsewhere', 'workspaceblobstore']", 'workspaceblobstore'],
    environment: ['1', 'True'],
    environments: ["['iris-env']"],
    'not found': [
      "(ResourceNotFound) The Resource 'Microsoft.MachineLearningServices/workspaces/local/onlineEndpoints/iris' under resource group 'local' was not found.",
    ],
    refused: ['400', '(BadRequest) Traffic names the deployment nowhere, which this endpoint does not have.'],
    endpoint: ['iris', 'EndpointProvisioningState.SUCCEEDED', 'https:', "{'team': 'flora'}"],
    endpoints: ["['iris']"],
    'no wait': ['False'],
    traffic: ["{'blue': 100}"],
    got: ['1'],
    logs: ['True'],
    keys: ['True', 'True'],
    updated: ["{'is': 'updated'}"],
    left: ['[]'],
    end: ['[]'],
  };
  for (const [step, words] of Object.entries(expected))
    it(`${step}: ${words.join(' ').slice(0, 80)}`, () => assert.deepEqual(told.get(step), words));

  it('gets the answer of the model, and its data are collected', async () => {
    assert.match(told.get('invoke')?.[0] ?? '', /species/);
    assert.equal((await up.records('iris/blue/model_inputs')).length > 0, true);
  });

  it('learns why a deployment failed', () => {
    assert.match(
      told.get('failed')?.[0] ?? '',
      /^\(program_failed\) The program of instance iris\/broken\/\S+ ended before it was ready/,
    );
  });

  it('uploads a file of 70 MB in blocks, whole', async () => {
    const [models] = await up.json<{ path: string }[]>('ml model list -n large');
    const path = /\/paths\/(.+)$/.exec(models?.path ?? '')?.[1] ?? '';
    const file = join(up.data, 'workspaceblobstore', path);
    assert.equal((await stat(file)).size, 70_000_000);
    const bytes = await readFile(file);
    assert.ok(bytes.subarray(0, 1000).equals(bytes.subarray(-1000)));
  });
});
