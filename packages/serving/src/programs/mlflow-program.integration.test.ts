import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { prepareProgram } from './prepare.ts';
import { ProgramError } from './program-error.ts';
import { environmentsFolder, startIntake, startProgram } from './test-program.ts';
import type { Intake, RunningProgram } from './test-program.ts';

const fixtures = join(import.meta.dirname, '../../../../spec/fixtures/mlflow-iris');

interface Expected {
  status: number;
  body: string;
  collected: { type: string; body: string }[];
}
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, Expected>
>;

async function prepare(path: string) {
  const model = { name: 'iris', version: '1', path };
  return prepareProgram(
    { program: { kind: 'mlflow' }, model, environmentVariables: {} },
    { environmentsFolder, log: () => {} },
  );
}

async function score(program: RunningProgram, body: string) {
  const headers = { 'Content-Type': 'application/json', 'x-request-id': 'r1' };
  const response = await fetch(`${program.url}/score`, { method: 'POST', body, headers });
  return {
    status: response.status,
    body: await response.text(),
    requestId: response.headers.get('x-request-id'),
  };
}

describe('an MLflow model of the fixtures', () => {
  let running: Map<string, { intake: Intake; program: RunningProgram }>;
  before(async () => {
    const starting = Object.keys(expected).map(async (model) => {
      const intake = await startIntake('model_inputs', 'model_outputs');
      const program = await startProgram(await prepare(join(fixtures, model)), intake.variables);
      return [model, { intake, program }] as const;
    });
    running = new Map(await Promise.all(starting));
  });
  after(async () => {
    for (const { intake, program } of running.values()) {
      await program[Symbol.asyncDispose]();
      await intake[Symbol.asyncDispose]();
    }
  });

  for (const [model, cases] of Object.entries(expected)) {
    for (const [file, original] of Object.entries(cases)) {
      it(`${model} answers and collects ${file}`, async () => {
        const { intake, program } = running.get(model) ?? assert.fail(`${model} does not run`);
        const body = await readFile(join(fixtures, 'requests', file), 'utf8');
        const answer = await score(program, body);
        if (original.status === 400) {
          assert.deepEqual([answer.status, answer.body], [400, original.body]);
          return;
        }
        const rows = body.includes('6.7') ? '[0, 2]' : '[0]';
        assert.deepEqual([answer.status, answer.body], [200, original.status === 200 ? original.body : rows]);
        assert.equal(answer.requestId, 'r1');

        const [inputs, outputs] = await intake.take(2);
        assert.equal(inputs?.type, 'azureml.inference.model_inputs');
        assert.equal(outputs?.type, 'azureml.inference.model_outputs');
        assert.notEqual(inputs?.id, '');
        assert.equal(inputs?.id, outputs?.id);
        assert.equal(outputs?.rows, rows === '[0]' ? '[{"0":0}]' : '[{"0":0},{"0":2}]');
        const first: unknown[] = Object.values(JSON.parse(inputs?.rows ?? '')[0]);
        assert.deepEqual(first, [5.1, 3.5, 1.4, 0.2]);
        for (const { type, body: collected } of original.collected) {
          assert.equal([inputs, outputs].find((event) => event?.type === type)?.rows, collected);
        }
      });
    }
  }
});

describe('an MLflow model', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-mlflow-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('answers the same without the monitoring package', async () => {
    await writeFile(
      join(folder, 'sitecustomize.py'),
      'import sys\nsys.modules["azureml.ai.monitoring"] = None\n',
    );
    const prepared = await prepare(join(fixtures, 'model'));
    await using program = await startProgram(prepared, { PYTHONPATH: folder });
    const answer = await score(program, await readFile(join(fixtures, 'requests/list.json'), 'utf8'));
    assert.deepEqual([answer.status, answer.body], [200, '[0, 2]']);
    assert.match(program.output(), /azureml-ai-monitoring is not installed/);
  });

  it('is found one folder below the path, and refused when it is not there', async () => {
    await cp(join(fixtures, 'model'), join(folder, 'artifact/model'), { recursive: true });
    const { environment } = await (await prepare(join(folder, 'artifact'))).commandOn(5001);
    assert.equal(environment['MLFLOW_MODEL_FOLDER'], join(folder, 'artifact/model'));
    await assert.rejects(
      prepare(folder),
      (error) =>
        error instanceof ProgramError && error.code === 'program_failed' && /MLmodel/.test(error.message),
    );
  });
});
