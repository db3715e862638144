import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readConfigPath, readDebug, readEndpoint, readUniformPolicy } from './environment.ts';

const invalid = (message: RegExp) => ({ code: 'setting_invalid', message });

describe('readEndpoint', () => {
  it('is the collector beside the model server, unless the environment says otherwise', () => {
    assert.deepEqual(readEndpoint({}), { host: '127.0.0.1', port: 50011 });
    assert.deepEqual(readEndpoint({ AZUREML_MDC_HOST: '', AZUREML_MDC_PORT: ' ' }), {
      host: '127.0.0.1',
      port: 50011,
    });
    assert.deepEqual(readEndpoint({ AZUREML_MDC_HOST: '::1', AZUREML_MDC_PORT: '8080' }), {
      host: '::1',
      port: 8080,
    });
  });

  it('refuses what is no port', () => {
    for (const port of ['no', '0', '65536', '80.5', '-1']) {
      assert.throws(
        () => readEndpoint({ AZUREML_MDC_PORT: port }),
        invalid(/^AZUREML_MDC_PORT is .*; expected /),
      );
    }
  });
});

describe('readUniformPolicy', () => {
  it('is off until AZUREML_MDC_ENABLED is the word true', () => {
    assert.deepEqual(readUniformPolicy({}), { enabled: false, samplingRate: 1, local: false });
    for (const word of ['false', '1', 'yes', ''])
      assert.equal(readUniformPolicy({ AZUREML_MDC_ENABLED: word }).enabled, false);
    assert.equal(readUniformPolicy({ AZUREML_MDC_ENABLED: 'True' }).enabled, true);
  });

  it('reads the percentage of ids to keep, and local runs', () => {
    const environment = { AZUREML_MDC_SAMPLE_RATE: '25', AZUREML_MDC_LOCAL_CAPTURE: 'TRUE' };
    assert.deepEqual(readUniformPolicy(environment), { enabled: false, samplingRate: 0.25, local: true });
    for (const rate of ['half', '101', '-1']) {
      assert.throws(
        () => readUniformPolicy({ AZUREML_MDC_SAMPLE_RATE: rate }),
        invalid(/a number from 0 to 100/),
      );
    }
  });
});

describe('readConfigPath and readDebug', () => {
  it('take an empty variable for none', () => {
    assert.equal(readConfigPath({ AZUREML_MDC_CONFIG_PATH: '' }), undefined);
    assert.equal(readConfigPath({ AZUREML_MDC_CONFIG_PATH: '/etc/mdc-config.json' }), '/etc/mdc-config.json');
    assert.equal(readDebug({}), false);
    assert.equal(readDebug({ AZUREML_MDC_DEBUG: 'true' }), true);
  });
});
