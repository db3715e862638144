import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GleanerError } from '../errors.ts';
import { collectedKeys, readCollectedDeployment, readDeployment, requireDeployment } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { collectionUri, dataAssetsOf } from './describe.ts';
import { readFields } from './fields.ts';
import { formatFinding } from './report.ts';
import { openYaml } from './yaml-file.ts';

const head = 'name: blue\nendpoint_name: iris-endpoint\ninstance_type: x\n';

describe('readDeployment', () => {
  it('reads everything that a block can say', () => {
    const deployment = accepted(
      block(`
  collections:
    Model_Inputs:
      enabled: 'True'
      client_id: 2222-3333
      sampling_rate: 0.5
      data:
        name: my_inputs
        version: 3
        path: 'azureml://datastores/archive/paths/inputs/ '
    request:
      enabled: "false"
  rolling_rate: Hour
  sampling_rate: 0.1
  request_logging:
    capture_headers: [X-Tenant, x-tenant]`),
    );
    assert.deepEqual(withoutUndefined(deployment), {
      type: 'managed',
      name: 'blue',
      endpointName: 'iris-endpoint',
      collections: [
        {
          name: 'model_inputs',
          enabled: true,
          clientId: '2222-3333',
          samplingRate: 0.5,
          dataName: 'my_inputs',
          dataVersion: '3',
          dataPath: { datastore: 'archive', path: 'inputs' },
        },
        { name: 'request', enabled: false, samplingRate: 0.1 },
      ],
      rollingRate: 'hour',
      samplingRate: 0.1,
      captureHeaders: ['X-Tenant', 'x-tenant'],
    });
  });

  it('points at every problem at once, in the order of the file', () => {
    const reading = readDeployment(
      block(`
  collections:
    model_inputs:
      enabled: yes
      extra: 1
    model_outputs:
    ../escape:
      enabled: 'true'
  sampling_rate: .nan
  request_logging:
    capture_headers: [a, 1, ~]`),
      { fileName: 'my.yml' },
    );
    assert.deepEqual(
      reading.problems.map((problem) => formatFinding(problem, 'my.yml')),
      [
        "my.yml:7:16: data_collector.collections.model_inputs.enabled: Value True passed is not in set ['true', 'false']",
        'my.yml:8:7: data_collector.collections.model_inputs.extra: Unknown field.',
        'my.yml:9:5: data_collector.collections.model_outputs: Field may not be null.',
        'my.yml:10:5: data_collector.collections.../escape: Collection name "../escape" holds a slash or backslash.',
        'my.yml:12:18: data_collector.sampling_rate: Special numeric values (nan or infinity) are not permitted.',
        'my.yml:14:26: data_collector.request_logging.capture_headers.1: Not a valid string.',
        'my.yml:14:29: data_collector.request_logging.capture_headers.2: Field may not be null.',
      ],
    );
    assert.equal(reading.deployment, undefined);
    assert.throws(
      () => requireDeployment(reading),
      (error) =>
        error instanceof GleanerError &&
        error.code === 'deployment_invalid' &&
        error.message.split('\n').length === 7,
    );
  });

  it('asks for names, and for names that can be', () => {
    assert.deepEqual(problemsOf('instance_type: x\n'), [
      'endpoint_name: Missing data for required field.',
      'name: Missing data for required field.',
    ]);
    const [endpointName, name] = problemsOf('name: 123\nendpoint_name: my_endpoint\ninstance_type: x\n');
    assert.match(endpointName ?? '', /^endpoint_name: The name for an endpoint must start with/);
    assert.equal(name, 'name: Not a valid string.');
  });

  it('knows other keys by the type of the deployment, checks them coarsely and refuses the rest', () => {
    const nested =
      'model: azureml:m:1\nenvironment: {image: x}\ncode_configuration: {code: .}\n$schema: x\ntags: {1: a}\n';
    assert.deepEqual(problemsOf(`${head}${nested}egress_public_network_access: Enabled\n`), []);
    assert.deepEqual(problemsOf(`${head}${nested}type: kubernetes\nresources: {requests: {cpu: 1}}\n`), []);
    assert.deepEqual(problemsOf(`${head}resources: {}\ncolour: red\n`), [
      'colour: Unknown field.',
      'resources: Unknown field.',
    ]);
    assert.deepEqual(problemsOf(`${head}type: kubernetes\nprivate_network_connection: true\n`), [
      'private_network_connection: Unknown field.',
    ]);
    assert.deepEqual(
      problemsOf(
        `${head}type: batch\ninstance_count: few\napp_insights_enabled: 2\ntags: a\nliveness_probe: a\nmodel: [a]\ndescription: 1\nid:\n$schema:\n`,
      ),
      [
        '$schema: Unknown field.',
        'app_insights_enabled: Not a valid boolean.',
        'description: Not a valid string.',
        'id: Field may not be null.',
        'instance_count: Not a valid integer.',
        'liveness_probe: Invalid input type.',
        'model: Invalid input type.',
        'tags: Not a valid mapping type.',
        "type: Value 'batch' passed is not in set ['managed', 'kubernetes']",
      ],
    );
  });

  it('wants an instance type of managed deployments only', () => {
    const names = 'name: blue\nendpoint_name: iris-endpoint\n';
    assert.equal(readDeployment(names).warnings.length, 1);
    assert.deepEqual(readDeployment(`${names}type: kubernetes\n`).warnings, []);
  });

  it('never throws, and gives a deployment or problems', () => {
    const keys =
      'collections enabled data path name sampling_rate request_logging capture_headers destination ../x A a __proto__ constructor';
    const word = fc.constantFrom(...keys.split(' '));
    const scalar = fc.constantFrom(
      "'true'",
      'yes',
      '~',
      '1',
      '1.5',
      '.nan',
      'abc',
      '2024-01-01',
      'azureml://datastores/a/paths/b',
      'azureml:a:1',
    );
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        scalar,
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
        fc
          .array(fc.tuple(word, tie('value')), { maxLength: 4 })
          .map((pairs) => `{${pairs.map((pair) => pair.join(': ')).join(', ')}}`),
      ),
    }));
    fc.assert(
      fc.property(value, value, (collections, rest) => {
        for (const text of [
          `data_collector: {collections: ${collections}}`,
          `data_collector: ${rest}`,
          `data_collector: {collections: {a: ${rest}}}`,
        ]) {
          const { deployment, problems } = readDeployment(`${head}${text}\n`);
          assert.equal(deployment === undefined, problems.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('collections of a deployment', () => {
  it('are the same in any case', () => {
    const [problem] = problemsOf(collections(`Inputs: {enabled: 'true'}\ninputs: {enabled: 'true'}`));
    assert.match(
      problem ?? '',
      /inputs: Collection 'inputs' is there already: names are compared without case/,
    );
  });

  it('are named by text', () => {
    assert.deepEqual(
      problemsOf(collections(`5: {enabled: 'true'}\nyes: {enabled: x}\n~: {enabled: 'true'}`)),
      [
        'data_collector.collections.5: Not a valid string.',
        'data_collector.collections.null: Field may not be null.',
        "data_collector.collections.true.enabled: Value 'x' passed is not in set ['true', 'false']",
        'data_collector.collections.true: Not a valid string.',
      ],
    );
  });

  it('share settings by alias and merge', () => {
    const deployment = accepted(
      collections(`a: &a {enabled: 'true', client_id: c}\nb: *a\nc: {<<: *a, enabled: 'false'}`),
    );
    assert.deepEqual(
      deployment.collections.map(({ name, enabled, clientId }) => [name, enabled, clientId]),
      [
        ['a', true, 'c'],
        ['b', true, 'c'],
        ['c', false, 'c'],
      ],
    );
  });

  it('take true and false as booleans with a warning', () => {
    const reading = readDeployment(collections('a: {enabled: TRUE}\nb: {enabled: false}'));
    assert.deepEqual(
      reading.deployment?.collections.map(({ enabled }) => enabled),
      [true, false],
    );
    assert.deepEqual(
      reading.warnings.map(({ message }) => message.slice(-24)),
      ["t: write enabled: 'true'.", "t: write enabled: 'false'."].map((end) => end.slice(-24)),
    );
  });

  it('warn once beyond five custom ones that are on', () => {
    const others = `\nrequest: {enabled: 'true'}\noff: {enabled: 'false'}`;
    assert.deepEqual(readDeployment(collections(custom(5) + others)).warnings, []);
    assert.equal(readDeployment(collections(custom(8) + others)).warnings.length, 1);
  });

  it('take a rate of their own over that of the block, 0 included', () => {
    const own = `a: {enabled: 'true', sampling_rate: 0}\nb: {enabled: 'true', sampling_rate: -0.0}\nc: {enabled: 'true'}`;
    assert.deepEqual(
      accepted(`${collections(own)}  sampling_rate: '0.29'\n`).collections.map(
        ({ samplingRate }) => samplingRate,
      ),
      [0, 0, 0.29],
    );
    assert.deepEqual(problemsOf(collections(`a: {enabled: 'true', sampling_rate: 2}`)), [
      'data_collector.collections.a.sampling_rate: Sampling rate must be an number in range (0.0-1.0)',
    ]);
  });

  it('take data as a path, as a reference or by its resource id', () => {
    const id =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/data/n/versions/2';
    const deployment = accepted(
      collections(
        [
          `a: {enabled: 'true', data: ' azureml://datastores/x/paths/y'}`,
          `b: {enabled: 'true', data: 'azureml:n@latest'}`,
          `c: {enabled: 'true', data: {data_id: '${id}'}}`,
          `d: {enabled: 'true', data: {data_id: '${id}', name: m}}`,
          `e: {enabled: 'true', data: {name: '', version: '', path: ''}, client_id: ''}`,
          `f: {enabled: 'true', data: ''}`,
        ].join('\n'),
      ),
    );
    const folder = 'azureml://datastores/workspaceblobstore/paths/modelDataCollector/iris-endpoint/blue';
    assert.deepEqual(
      dataAssetsOf(deployment).map(({ name, version, path }) => [name, version, path]),
      [
        ['iris-endpoint-blue-a', '1', 'azureml://datastores/x/paths/y'],
        ['n', undefined, undefined],
        ['n', '2', undefined],
        ['m', '1', `${folder}/d`],
        ['iris-endpoint-blue-e', '1', `${folder}/e`],
        ['iris-endpoint-blue-f', '1', `${folder}/f`],
      ],
    );
    assert.deepEqual(
      deployment.collections.map((collection) => collectionUri(deployment, collection)?.path),
      [
        'y',
        undefined,
        undefined,
        ...['d', 'e', 'f'].map((name) => `modelDataCollector/iris-endpoint/blue/${name}`),
      ],
    );
    assert.equal(deployment.collections[4]?.clientId, undefined);
  });

  it('refuse data that leads nowhere', () => {
    const path = problemsOf(
      collections(`a: {enabled: 'true', data: {path: azureml://datastores/x/paths/../y}}`),
    );
    assert.match(
      path.join(),
      /^data_collector\.collections\.a\.data\.path: Path .* is not a properly formatted datastore path/,
    );
    assert.match(
      problemsOf(collections(`a: {enabled: 'true', data: ./local}`)).join(),
      /does not name a data asset/,
    );
    assert.deepEqual(problemsOf(collections(`a: {enabled: 'true', data: {colour: red, version: 1.0}}`)), [
      'data_collector.collections.a.data.colour: Unknown field.',
      'data_collector.collections.a.data.version: Not a valid string.',
      'data_collector.collections.a.data: Not a valid string.',
    ]);
  });

  it('leave a data id that nobody can read aside with a warning', () => {
    const reading = readDeployment(collections(`a: {enabled: 'true', data: {data_id: x}}`));
    assert.deepEqual(reading.problems, []);
    assert.match(reading.warnings[0]?.message ?? '', /"x" does not name a data asset/);
  });
});

describe('forms of the preview', () => {
  it('on the block stand for all collections, with what to write instead', () => {
    const { deployment, warnings } = readDeployment(
      block(`
  enabled: true
  destination:
    path: azureml://datastores/a/paths/root/
  sampling_strategy:
    random_sample_percentage: 29
  collections:
    a: {enabled: 'true'}
    b: {enabled: 'true', data: {path: azureml://datastores/a/paths/own}}`),
    );
    assert.deepEqual(
      deployment?.collections.map(({ dataPath, samplingRate }) => [dataPath?.path, samplingRate]),
      [
        ['root/a', 0.29],
        ['own', 0.29],
      ],
    );
    assert.deepEqual(
      warnings.map(({ line, message }) => `${line} ${message.replace(/.*: write /, '')}`),
      [
        "5 enabled: 'true' below each collection.",
        '6 data: { path: azureml://datastores/a/paths/root } below the collection.',
        '8 sampling_rate: 0.29.',
      ],
    );
  });

  it('turn everything off when the block says so', () => {
    const deployment = accepted(block(`\n  enabled: 'False'\n  collections: {a: {enabled: 'true'}}`));
    assert.deepEqual(
      deployment.collections.map(({ enabled }) => enabled),
      [false],
    );
  });

  it('give way to what is written today', () => {
    const today = "data: {path: 'azureml://datastores/a/paths/new'}, sampling_rate: 1";
    const old =
      "destination: {path: 'azureml://datastores/a/paths/old'}, sampling_strategy: {random_sample_percentage: 1}";
    const [collection] = accepted(
      block(`\n  collections: {a: {enabled: 'true', ${today}, ${old}}}`),
    ).collections;
    assert.equal(collection?.dataPath?.path, 'new');
    assert.equal(collection.samplingRate, 1);
  });

  it('refuse Event Hubs and percentages that are none', () => {
    const hub = 'event_hub: {namespace: a.b, oversize_data_config: {path: x}}';
    assert.deepEqual(
      problemsOf(
        block(
          `\n  collections: {a: {enabled: 'true', destination: {${hub}}}}\n  sampling_strategy: {random_sample_percentage: 101}`,
        ),
      ),
      [
        'data_collector.collections.a.destination.event_hub: Event Hubs as a destination was withdrawn and is not supported: write data.path with a datastore path.',
        'data_collector.sampling_strategy.random_sample_percentage: random_sample_percentage is 101; it lies from 0 to 100.',
      ],
    );
  });
});

describe('readCollectedDeployment', () => {
  it('reads the keys that other files share with deployments', () => {
    const { root, report } = openYaml(
      "name: blue\nendpoint_name: iris\nport: 1\ndata_collector: {collections: {a: {enabled: 'true'}}}\n",
    );
    const fields = root && readFields(root, [...collectedKeys, 'port'], report);
    const deployment = root && fields && readCollectedDeployment(root, fields, report);
    assert.deepEqual(report.findings(), { problems: [], warnings: [] });
    assert.deepEqual(
      deployment?.collections.map(({ name }) => name),
      ['a'],
    );
  });
});

function block(lines: string): string {
  return `${head}data_collector:${lines}\n`;
}

function collections(lines: string): string {
  return block(`\n  collections:\n${lines.replace(/^/gm, '    ')}`);
}

function custom(count: number): string {
  return Array.from({ length: count }, (_, index) => `c${index}: {enabled: 'true'}`).join('\n');
}

function accepted(text: string): Deployment {
  return requireDeployment(readDeployment(text));
}

function problemsOf(text: string): string[] {
  return readDeployment(text)
    .problems.map(({ path, message }) => `${path}: ${message}`)
    .toSorted();
}

function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
