import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { gleaner } from './gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-cli-'));
after(() => rm(folder, { recursive: true }));

const deployment = {
  name: 'blue',
  endpoint_name: 'iris',
  instance_type: 'local',
  data_collector: { collections: { model_inputs: { enabled: 'true' } } },
};
await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));
await writeFile(
  join(folder, 'broken.yml'),
  JSON.stringify({ ...deployment, data_collector: { collections: 7 } }),
);
const server = `
  const { AZUREML_MDC_HOST: host, AZUREML_MDC_PORT: port, AZUREML_MDC_CONFIG_PATH: config } = process.env;
  require('node:fs').copyFileSync(config, 'seen.json');
  const headers = { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' };
  fetch('http://' + host + ':' + port + '/modeldata/log', { method: 'POST', headers, body: '[{"a":1}]' })
    .then(({ status }) => { process.exitCode = status === 200 ? 7 : 1; });
`;

describe('gleaner', { concurrency: 4 }, () => {
  it('runs a command beside a collector, passes its exit code on, and leaves data that verify', async () => {
    const ports = ['--intake-port', '0', '--admin-port', '0'];
    const words = [
      'run',
      '-f',
      'deployment.yml',
      '--data',
      'data',
      ...ports,
      '--',
      process.execPath,
      '-e',
      server,
    ];
    const run = await gleaner(words, { folder });
    assert.equal(run.exitCode, 7, run.stderr);
    assert.match(run.stderr, /1 records accepted, all in data/);
    assert.match(await readFile(join(folder, 'seen.json'), 'utf8'), /model_inputs/);
    const { exitCode, stdout } = await gleaner(['data', 'verify', 'data'], { folder });
    assert.equal(exitCode, 0);
    assert.equal(stdout.trimEnd().split('\n').at(-1), 'accepted 1 · stored 1 · missing 0 · duplicate 0');
  });

  const wrong: Record<string, string[]> = {
    'no command': [],
    'an unknown command': ['bogus'],
    'an unknown option': ['data', 'ls', '--bogus'],
    'a missing option': ['run', '--', 'true'],
    'a deployment that is not there': ['run', '-f', 'nothing.yml', '--', 'true'],
    'a deployment that is wrong': ['run', '-f', 'broken.yml', '--', 'true'],
    'a collector file that is not there': ['collect', '--config', 'nothing.yml'],
    'a folder that is not there': ['data', 'verify', 'nothing'],
    'an unknown output format': ['data', 'ls', '.', '-o', 'xml'],
    'a broken query': ['data', 'ls', '.', '-o', 'json', '--query', '['],
    'a count that is none': ['data', 'head', '.', '-n', 'many'],
  };
  for (const [what, words] of Object.entries(wrong)) {
    it(`ends with 2 for ${what}, and says what to do on standard error alone`, async () => {
      const { exitCode, stdout, stderr } = await gleaner(words, { folder });
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.notEqual(stderr, '');
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }

  it('shows the place of an error when asked with GLEANER_DEBUG', async () => {
    const words = ['data', 'ls', 'nothing'];
    const { stderr } = await gleaner(words, { folder, environment: { GLEANER_DEBUG: '1' } });
    assert.match(stderr, /^\s+at /m);
  });
});
