import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { prepareProgram } from './prepare.ts';
import { environmentsFolder, startIntake, startProgram } from './test-program.ts';

const condaFile = `
dependencies:
  - python=3.11
  - pip
  - pandas=2.3.3
  - pip:
      - azureml-ai-monitoring==1.0.0
`;

const script = `
import os
import names
import pandas as pd
from azureml.ai.monitoring import Collector

def init():
    global inputs
    inputs = Collector(name="model_inputs")

def run(raw, request_headers):
    inputs.collect(pd.DataFrame([{"a": 1}]))
    return [raw, names.NAME, os.environ["AZUREML_MODEL_DIR"], os.getcwd(), request_headers.get("X-Request-Id")]
`;

describe('a scoring script in Python', () => {
  let codeFolder: string;
  before(async () => {
    codeFolder = await mkdtemp(join(tmpdir(), 'gleaner-python-'));
    await mkdir(join(codeFolder, 'src'));
    await writeFile(join(codeFolder, 'src/score.py'), script);
    await writeFile(
      join(codeFolder, 'src/faulty.py'),
      'def init():\n    raise ValueError("no weights")\ndef run(raw):\n    pass\n',
    );
    await writeFile(join(codeFolder, 'names.py'), 'NAME = "beside the code folder"\n');
  });
  after(() => rm(codeFolder, { recursive: true, force: true }));

  const prepare = (file: string) =>
    prepareProgram(
      {
        program: { kind: 'python', codeFolder, script: file, environment: { condaFile } },
        model: { name: 'm', version: '3', path: '/models/m/3/model.pkl' },
        environmentVariables: {},
      },
      { environmentsFolder, log: () => {} },
    );

  it('runs in the inference server as it does in the original, and collects', async () => {
    await using intake = await startIntake('model_inputs');
    await using program = await startProgram(await prepare('src/score.py'), intake.variables);
    const response = await fetch(`${program.url}/score`, {
      method: 'POST',
      body: 'as it is',
      headers: { 'x-request-id': 'r7', 'x-ms-client-request-id': 'mine' },
    });
    const answered = ['as it is', 'beside the code folder', '/models/m/3', codeFolder, 'r7'];
    assert.deepEqual(await response.json(), answered);
    assert.equal(response.headers.get('x-request-id'), 'r7');
    assert.equal(response.headers.get('x-ms-client-request-id'), 'mine');
    const [event] = await intake.take(1);
    assert.equal(event?.rows, '[{"a":1}]');

    for (const address of otherAddresses()) {
      await assert.rejects(fetch(`http://${address}:${program.port}/`), `reached from outside at ${address}`);
    }
  });

  it('ends and shows why when init fails', async () => {
    await using program = await startProgram(await prepare('src/faulty.py'));
    assert.notEqual(await program.exited, 0);
    assert.match(program.output(), /no weights/);
  });
});

function otherAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
