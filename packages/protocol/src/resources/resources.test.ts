import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDeployment } from '../deployment/deployment.ts';
import { deploymentEntity, deploymentToRest } from './deployment.ts';
import { durationMs, isoDuration } from './duration.ts';
import { readEndpoint } from './endpoint.ts';

describe('isoDuration', () => {
  it('writes what the original writes, and reads it back', () => {
    const times = {
      PT5S: 5000,
      'PT5.5S': 5500,
      'PT0.5S': 500,
      PT1M40S: 100_000,
      PT1H: 3_600_000,
      P1D: 86_400_000,
      P0D: 0,
    };
    for (const [text, ms] of Object.entries(times)) {
      assert.equal(isoDuration(ms), text);
      assert.equal(durationMs(text), ms);
    }
    for (const text of ['P', '5s', '']) assert.equal(durationMs(text), undefined);
  });
});

// The order of keys and the values are those that azure-ai-ml 1.35.2 prints for the same file.
const everything = `
name: blue
endpoint_name: iris
description: d
tags: {a: b}
model: azureml:iris:1
model_mount_path: /var/m
code_configuration: {code: ., scoring_script: score.py}
environment: azureml:env@latest
environment_variables: {A: "1", B: 2}
instance_type: X
instance_count: 2
scale_settings: {type: default}
request_settings: {request_timeout_ms: 5500, max_concurrent_requests_per_instance: 3, max_queue_wait_ms: 500}
liveness_probe: {initial_delay: 10, period: 100, timeout: 2, failure_threshold: 3, success_threshold: 1}
readiness_probe: {initial_delay: 10}
egress_public_network_access: enabled
data_collector:
  sampling_rate: 0.5
  rolling_rate: hour
  request_logging: {capture_headers: [a]}
  collections: {model_inputs: {enabled: 'true', client_id: x}, request: {enabled: 'False'}}
`;
const root = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';

describe('deploymentToRest', () => {
  it('sends every setting as the original does', () => {
    assert.deepEqual(bodyOf(everything).properties, {
      codeConfiguration: { codeId: `${root}/codes/c/versions/1`, scoringScript: 'score.py' },
      environmentId: `${root}/environments/env/versions/1`,
      model: `${root}/models/iris/versions/1`,
      modelMountPath: '/var/m',
      scaleSettings: { scaleType: 'Default' },
      properties: {},
      description: 'd',
      environmentVariables: { A: '1', B: '2' },
      appInsightsEnabled: false,
      requestSettings: {
        maxQueueWait: 'PT0.5S',
        maxConcurrentRequestsPerInstance: 3,
        requestTimeout: 'PT5.5S',
      },
      livenessProbe: {
        failureThreshold: 3,
        successThreshold: 1,
        timeout: 'PT2S',
        period: 'PT1M40S',
        initialDelay: 'PT10S',
      },
      instanceType: 'X',
      readinessProbe: { initialDelay: 'PT10S' },
      dataCollector: {
        collections: {
          model_inputs: {
            dataCollectionMode: 'enabled',
            samplingRate: 0.5,
            clientId: 'x',
            dataId: `${root}/data/i/versions/1`,
          },
          request: { dataCollectionMode: 'disabled', samplingRate: 0.5 },
        },
        rollingRate: 'hour',
        requestLogging: { captureHeaders: ['a'] },
      },
      endpointComputeType: 'Managed',
      egressPublicNetworkAccess: 'enabled',
    });
  });
});

describe('deploymentEntity', () => {
  it('shows the keys in the order of the original', () => {
    assert.deepEqual(Object.keys(entityOf(everything)), [
      'name',
      'endpoint_name',
      'description',
      'id',
      'tags',
      'properties',
      'model',
      'model_mount_path',
      'code_configuration',
      'environment',
      'environment_variables',
      'app_insights_enabled',
      'scale_settings',
      'request_settings',
      'liveness_probe',
      'readiness_probe',
      'instance_count',
      'type',
      'instance_type',
      'data_collector',
      'egress_public_network_access',
    ]);
  });

  it('reads back to the same deployment, so that an update changes what it names alone', () => {
    const { deployment, settings, problems } = readDeployment(JSON.stringify(entityOf(everything)));
    assert.deepEqual(problems, []);
    assert.ok(deployment && settings);
    assert.deepEqual(deploymentToRest({ deployment, settings }, ids), bodyOf(everything));
  });

  it('keeps the rates of collections where they differ', () => {
    const two =
      'collections: {a: {enabled: "true", sampling_rate: 0.1}, b: {enabled: "true", sampling_rate: 0.9}}';
    const entity = entityOf(`name: blue\nendpoint_name: iris\ninstance_type: x\ndata_collector: {${two}}`);
    const { deployment } = readDeployment(JSON.stringify(entity));
    assert.deepEqual(
      deployment?.collections.map(({ samplingRate }) => samplingRate),
      [0.1, 0.9],
    );
  });
});

describe('readDeployment', () => {
  it('reads an environment with a command, as a list and as a line', () => {
    for (const command of ['[node, server.js, "a b"]', `node server.js 'a b'`]) {
      const { settings } = readDeployment(
        `name: blue\nendpoint_name: iris\ninstance_type: x\nenvironment: {command: ${command}}`,
      );
      assert.deepEqual(settings?.environment, { command: ['node', 'server.js', 'a b'] });
    }
  });

  it('refuses settings in the words of the original', () => {
    const head = 'name: blue\nendpoint_name: iris\ninstance_type: x\n';
    const problems = (yaml: string) =>
      readDeployment(head + yaml).problems.map(({ path, message }) => `${path}: ${message}`);
    assert.deepEqual(problems('request_settings: {request_timeout_ms: abc, foo: 1}'), [
      'request_settings.request_timeout_ms: Not a valid integer.',
      'request_settings.foo: Unknown field.',
    ]);
    assert.deepEqual(problems('model: {path: ./x, type: bar}'), [
      "model.type: Value 'bar' passed is not in set ['custom_model', 'mlflow_model', 'triton_model']",
    ]);
    assert.deepEqual(problems('scale_settings: {type: target_utilization}'), [
      'scale_settings: ManagedOnlineEndpoint supports DefaultScaleSettings only.',
    ]);
    assert.match(
      problems('environment: foo').join(),
      /^environment: In order to specify an existing environments/,
    );
  });
});

describe('readEndpoint', () => {
  it('refuses in the words of the original', () => {
    assert.deepEqual(endpointProblems('traffic: {a: 60, b: 60}'), [
      'traffic: Traffic rule percentages must sum to less than or equal to 100%',
    ]);
    assert.deepEqual(endpointProblems('traffic: {c: x}'), ['traffic.c: Not a valid integer.']);
    assert.deepEqual(endpointProblems('identity: {type: foo}'), [
      "identity.type: Value 'foo' passed is not in set ['system_assigned', 'user_assigned', 'none']",
    ]);
    assert.deepEqual(endpointProblems('auth_mode:\ntraffic:'), [
      'auth_mode: Field may not be null.',
      'traffic: Field may not be null.',
    ]);
    assert.deepEqual(endpointProblems('compute: azureml:k\npublic_network_access: enabled'), [
      'public_network_access: Unknown field.',
    ]);
    assert.deepEqual(
      readEndpoint('auth_mode: AMLToken').problems.map(({ message }) => message),
      ['Missing data for required field.'],
    );
  });
});

function endpointProblems(yaml: string): string[] {
  return readEndpoint(`name: iris\n${yaml}`).problems.map(({ path, message }) => `${path}: ${message}`);
}

const ids = {
  code: `${root}/codes/c/versions/1`,
  model: `${root}/models/iris/versions/1`,
  environment: `${root}/environments/env/versions/1`,
  data: { model_inputs: `${root}/data/i/versions/1` },
};

function bodyOf(yaml: string) {
  const { deployment, settings, problems } = readDeployment(yaml);
  assert.ok(deployment && settings, JSON.stringify(problems));
  return deploymentToRest({ deployment, settings }, ids);
}

function entityOf(yaml: string) {
  return deploymentEntity({
    ...bodyOf(yaml),
    id: `${root}/onlineEndpoints/iris/deployments/blue`,
    name: 'blue',
  });
}
