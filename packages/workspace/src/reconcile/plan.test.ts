import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { onlineDeployment } from '../api/resources.ts';
import { planDeployment } from './plan.ts';
import type { PlanInput } from './plan.ts';

const command = { command: ['node', 'server.js'] };

function plan(properties: object, rest: Partial<PlanInput> = {}) {
  return planDeployment({
    id: '/d',
    workspace: { subscriptionId: 's', resourceGroup: 'g', name: 'w' },
    endpoint: 'iris',
    deployment: 'blue',
    properties: onlineDeployment.parse({ properties }).properties,
    instanceCount: 1,
    collector: { collections: {}, rollingRate: 'hour', captureHeaders: [], datastores: {} },
    ...rest,
  });
}

const withScript = (scoringScript: string) => ({ codeConfiguration: { codeId: 'c', scoringScript } });
const model = { name: 'm', version: '1', path: '/m', type: 'mlflow_model' };

describe('planDeployment', () => {
  it('fills in the defaults of the original', () => {
    const { requests, livenessProbe, readinessProbe, limits } = plan({}, { environment: command });
    assert.deepEqual(requests, { timeoutMs: 5000, maxConcurrentPerInstance: 1, maxQueueWaitMs: 500 });
    const probe = {
      initialDelayMs: 10_000,
      periodMs: 10_000,
      timeoutMs: 2000,
      successThreshold: 1,
      failureThreshold: 30,
    };
    assert.deepEqual(livenessProbe, probe);
    assert.deepEqual(readinessProbe, probe);
    assert.equal(limits, undefined);
  });

  it('reads durations and quantities', () => {
    const { requests, livenessProbe, limits } = plan(
      {
        requestSettings: { requestTimeout: 'PT1M30S', maxQueueWait: 'PT0.25S' },
        livenessProbe: { initialDelay: 'PT0S', period: 'P0DT1H', failureThreshold: 3 },
        containerResourceRequirements: { containerResourceLimits: { cpu: '500m', memory: '1.5Gi' } },
      },
      { environment: command },
    );
    assert.equal(requests.timeoutMs, 90_000);
    assert.equal(requests.maxQueueWaitMs, 250);
    assert.equal(livenessProbe.initialDelayMs, 0);
    assert.equal(livenessProbe.periodMs, 3_600_000);
    assert.equal(livenessProbe.failureThreshold, 3);
    assert.deepEqual(limits, { cpus: 0.5, memoryBytes: 1.5 * 2 ** 30 });
  });

  it('refuses what is no duration or quantity, and timeouts over the limit of the original', () => {
    const wrong = [
      { requestSettings: { requestTimeout: '5s' } },
      { requestSettings: { requestTimeout: 'PT' } },
      { requestSettings: { requestTimeout: 'PT0S' } },
      { requestSettings: { requestTimeout: 'PT181S' } },
      { containerResourceRequirements: { containerResourceLimits: { memory: '1 GB' } } },
    ];
    for (const properties of wrong)
      assert.throws(() => plan(properties, { environment: command }), { code: 'request_invalid' });
    const kubernetes = { endpointComputeType: 'Kubernetes', requestSettings: { requestTimeout: 'PT181S' } };
    assert.equal(plan(kubernetes, { environment: command }).requests.timeoutMs, 181_000);
  });

  it('tells the program by what the deployment has', () => {
    const conda = { environment: { condaFile: 'dependencies: []' } };
    const code = { codeFolder: '/code' };
    const kinds = [
      plan(withScript('a/score.py'), { ...code, ...conda }),
      plan(withScript('score.mts'), code),
      plan({}, { model }),
      plan({}, { model, ...conda }),
      plan(withScript('score.py'), { ...code, environment: command }),
    ].map(({ program }) => program);
    const environment = { condaFile: 'dependencies: []' };
    assert.deepEqual(kinds, [
      { kind: 'python', codeFolder: '/code', script: 'a/score.py', environment },
      { kind: 'typescript', codeFolder: '/code', script: 'score.mts' },
      { kind: 'mlflow' },
      { kind: 'mlflow', environment },
      { kind: 'command', codeFolder: '/code', command: ['node', 'server.js'] },
    ]);
  });

  it('takes the routes of a command from its environment', () => {
    const scoringRoute = { path: '/v2/infer', port: 8000 };
    const { program } = plan({}, { environment: { ...command, inferenceConfig: { scoringRoute } } });
    assert.deepEqual(program, {
      kind: 'command',
      command: command.command,
      routes: { scoring: scoringRoute },
    });
  });

  it('says what is missing of a program that cannot be run', () => {
    const refused: [object, Partial<PlanInput>, RegExp][] = [
      [withScript('score.py'), { codeFolder: '/code' }, /conda_file/],
      [withScript('score.r'), { codeFolder: '/code' }, /neither Python nor TypeScript/],
      [{}, { environment: { image: 'nginx' } }, /Kubernetes/],
      [{}, { model: { ...model, type: 'custom_model' } }, /neither code_configuration/],
    ];
    for (const [properties, rest, message] of refused)
      assert.throws(() => plan(properties, rest), { code: 'program_unsupported', message });
  });

  it('refuses a scoring script outside its code', () => {
    for (const script of ['../score.py', '/score.py', 'a//score.py', 'a\\score.py'])
      assert.throws(() => plan(withScript(script), { codeFolder: '/code' }), { code: 'request_invalid' });
  });
});
