import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GleanerError } from './errors.ts';
import { collectsCustomData, readMdcConfig, writeMdcConfig } from './mdc-config.ts';

const inputs = { name: 'model_inputs', enabled: true, samplingRate: 0.29 };

describe('writeMdcConfig', () => {
  it('tells the SDK to send all of every enabled collection, and keeps the rate beside it', () => {
    const text = writeMdcConfig({
      collections: [
        inputs,
        { name: 'Request', enabled: true, samplingRate: 0 },
        { ...inputs, name: 'off', enabled: false },
      ],
      captureHeaders: ['X-Tenant'],
    });
    assert.deepEqual(JSON.parse(text), {
      collections: {
        model_inputs: {
          enabled: true,
          sampleRatePercentage: 100,
          sampling_percentage: 100,
          samplingRate: 0.29,
        },
        request: { enabled: true, sampleRatePercentage: 100, sampling_percentage: 100, samplingRate: 0 },
      },
      captureHeaders: ['X-Tenant'],
    });
  });

  it('writes neither run mode nor headers that nobody asked for', () => {
    assert.deepEqual(JSON.parse(writeMdcConfig({ collections: [], captureHeaders: [], runMode: 'cloud' })), {
      collections: {},
    });
  });

  it('gives local runs, which have no collector, the percentage itself', () => {
    const collections = [
      inputs,
      { ...inputs, name: 'none', samplingRate: 0 },
      { ...inputs, name: 'few', samplingRate: 0.007 },
    ];
    const file = JSON.parse(writeMdcConfig({ collections, runMode: 'local' }));
    assert.equal(file.runMode, 'local');
    assert.equal(file.collections.model_inputs.sampleRatePercentage, 29);
    assert.equal(file.collections.model_inputs.sampling_percentage, 29);
    assert.equal(file.collections.none.sampleRatePercentage, 0);
    assert.equal(file.collections.few.sampleRatePercentage, 0.7);
  });

  it('writes no name that is none', () => {
    assert.throws(
      () => writeMdcConfig({ collections: [{ ...inputs, name: '../escape' }] }),
      (error) => error instanceof GleanerError && error.code === 'collection_name_invalid',
    );
  });
});

describe('readMdcConfig', () => {
  it('reads what writeMdcConfig wrote', () => {
    const plain = { noNullPrototype: true } as const;
    const collection = fc.record(
      {
        name: fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/),
        enabled: fc.constant(true),
        samplingRate: fc.double({ min: 0, max: 1, noNaN: true }).map((rate) => rate + 0),
      },
      plain,
    );
    const config = fc.record(
      {
        collections: fc.uniqueArray(collection, { selector: ({ name }) => name }),
        captureHeaders: fc.array(fc.string()),
        runMode: fc.constantFrom('cloud' as const, 'local' as const),
      },
      plain,
    );
    fc.assert(
      fc.property(config, (config) => assert.deepEqual(readMdcConfig(writeMdcConfig(config)), config)),
    );
  });

  it('prefers samplingRate, then sampleRatePercentage, then sampling_percentage, then everything', () => {
    assert.equal(rateOf({ samplingRate: 0.1, sampleRatePercentage: 100, sampling_percentage: 50 }), 0.1);
    assert.equal(rateOf({ samplingRate: null, sampleRatePercentage: 29, sampling_percentage: 50 }), 0.29);
    assert.equal(rateOf({ sampling_percentage: 0 }), 0);
    assert.equal(rateOf({}), 1);
  });

  it('reads numbers out of text and takes what is out of range for its end', () => {
    assert.equal(rateOf({ sampleRatePercentage: '50' }), 0.5);
    assert.equal(rateOf({ sampleRatePercentage: 250 }), 1);
    assert.equal(rateOf({ samplingRate: '-1' }), 0);
  });

  it('takes booleans and the texts true and false in any case', () => {
    for (const enabled of [true, 'True', ' TRUE ']) assert.equal(enabledOf(enabled), true);
    for (const enabled of [false, 'false', 'False', null]) assert.equal(enabledOf(enabled), false);
  });

  it('knows names in lower case; the last of several wins', () => {
    const { collections } = readMdcConfig(
      '{"collections": {"Model_Inputs": {"enabled": true}, "model_inputs": {"enabled": false}}}',
    );
    assert.deepEqual(collections, [{ name: 'model_inputs', enabled: false, samplingRate: 1 }]);
  });

  it('reads an empty object, unknown keys and a byte order mark', () => {
    const nothing = { collections: [], captureHeaders: [], runMode: 'cloud' };
    assert.deepEqual(readMdcConfig('{}'), nothing);
    assert.deepEqual(
      readMdcConfig('\u{feff}{"runMode": "other", "more": [1], "collections": null}'),
      nothing,
    );
  });

  const broken: [text: string, why: RegExp][] = [
    ['', /not JSON/],
    ['{"collections": {', /not JSON/],
    ['[]', /the file is \[\]; expected an object/],
    ['{"collections": []}', /collections is \[\]/],
    ['{"collections": {"a": true}}', /collections\.a is true/],
    ['{"collections": {"a": {"enabled": "no"}}}', /collections\.a\.enabled is "no"; expected true or false/],
    ['{"collections": {"a": {"sampleRatePercentage": "often"}}}', /sampleRatePercentage is "often"/],
    ['{"collections": {"a": {"samplingRate": ""}}}', /samplingRate is ""/],
    ['{"collections": {"a": {"samplingRate": [1]}}}', /samplingRate is \[1\]/],
    ['{"captureHeaders": "x-tenant"}', /captureHeaders is "x-tenant"/],
  ];
  for (const [text, why] of broken) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => readMdcConfig(text),
        (error) =>
          error instanceof GleanerError && error.code === 'mdc_config_invalid' && why.test(error.message),
      );
    });
  }
});

describe('collectsCustomData', () => {
  it('is true for an enabled collection besides request and response', () => {
    const request = { ...inputs, name: 'request' };
    assert.equal(collectsCustomData([request, inputs]), true);
    assert.equal(collectsCustomData([request, { ...inputs, enabled: false }]), false);
  });
});

function rateOf(entry: object): number | undefined {
  const text = JSON.stringify({ collections: { a: { enabled: true, ...entry } } });
  return readMdcConfig(text).collections[0]?.samplingRate;
}

function enabledOf(enabled: unknown): boolean | undefined {
  return readMdcConfig(JSON.stringify({ collections: { a: { enabled } } })).collections[0]?.enabled;
}
