import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  defaultCollectionUri,
  formatDataReference,
  formatDatastoreUri,
  parseDataReference,
  parseDatastoreUri,
} from './azureml-uri.ts';
import { GleanerError } from './errors.ts';

describe('parseDatastoreUri', () => {
  it('reads the short form', () => {
    assert.deepEqual(parseDatastoreUri('azureml://datastores/archive/paths/collected/iris'), {
      datastore: 'archive',
      path: 'collected/iris',
    });
  });

  it('reads the long form, its words in any case', () => {
    const expected = {
      datastore: 'archive',
      path: 'inputs',
      workspace: { subscriptionId: '1111', resourceGroup: 'rg-other', name: 'ws-other' },
    };
    const text =
      'azureml://subscriptions/1111/resourcegroups/rg-other/workspaces/ws-other/datastores/archive/paths/inputs';
    assert.deepEqual(parseDatastoreUri(text), expected);
    assert.deepEqual(parseDatastoreUri(text.replace('resourcegroups', 'resourceGroups')), expected);
  });

  it('drops blanks around the text and slashes at its end', () => {
    assert.deepEqual(parseDatastoreUri(' azureml://datastores/a/paths/b c// \n'), {
      datastore: 'a',
      path: 'b c',
    });
  });

  for (const text of [
    '',
    './local',
    'https://account.blob.core.windows.net/container/path',
    'azureml://datastores/a',
    'azureml://datastores/a/paths/',
    'azureml://datastores//paths/b',
    'azureml://datastores/a/paths//',
    'azureml://datastores/a/paths//b',
    'azureml://datastores/a/paths/b/../../c',
    'azureml://datastores/../paths/b',
    'azureml://datastores/a/paths/.',
    String.raw`azureml://datastores/a/paths/b\..\c`,
    'azureml://datastores/a/paths/b\u0000c',
    'azureml://subscriptions/s/resourcegroups/g/datastores/a/paths/b',
    'azureml://subscriptions/s/resourcegroups/../workspaces/w/datastores/a/paths/b',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseDatastoreUri(text),
        (error) =>
          error instanceof GleanerError &&
          error.code === 'datastore_uri_invalid' &&
          error.message.includes(`${JSON.stringify(text)} is not a properly formatted datastore path`),
      );
    });
  }

  it('reads what formatDatastoreUri wrote', () => {
    const part = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => /^[^/\\\p{Cc}]+$/u.test(text) && text === text.trim() && !/^\.{1,2}$/.test(text));
    const workspace = fc.record(
      { subscriptionId: part, resourceGroup: part, name: part },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(
        part,
        fc.array(part, { minLength: 1 }),
        fc.option(workspace),
        (datastore, parts, workspace) => {
          const uri = { datastore, path: parts.join('/'), ...(workspace && { workspace }) };
          assert.deepEqual(parseDatastoreUri(formatDatastoreUri(uri)), uri);
        },
      ),
    );
  });
});

describe('defaultCollectionUri', () => {
  it('is the folder that the original registers', () => {
    const uri = defaultCollectionUri({
      endpoint: 'iris-endpoint',
      deployment: 'blue',
      collection: 'model_inputs',
    });
    assert.equal(
      formatDatastoreUri(uri),
      'azureml://datastores/workspaceblobstore/paths/modelDataCollector/iris-endpoint/blue/model_inputs',
    );
  });
});

describe('parseDataReference', () => {
  it('reads a version, the latest, and resource ids', () => {
    const id =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/data/iris inputs/versions/3';
    assert.deepEqual(parseDataReference('azureml:iris-inputs:1'), { name: 'iris-inputs', version: '1' });
    assert.deepEqual(parseDataReference(' azureml:iris-inputs@latest '), {
      name: 'iris-inputs',
      label: 'latest',
    });
    assert.deepEqual(parseDataReference(id), { name: 'iris inputs', version: '3' });
    assert.deepEqual(parseDataReference(`azureml:${id}`), { name: 'iris inputs', version: '3' });
  });

  for (const text of [
    '',
    'iris-inputs',
    'azureml:iris-inputs',
    'azureml::1',
    'azureml:a@newest',
    'azureml:a:1:2',
    'azureml:../a:1',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseDataReference(text),
        (error) => error instanceof GleanerError && error.code === 'data_reference_invalid',
      );
    });
  }

  it('reads what formatDataReference wrote', () => {
    for (const reference of [{ name: 'a b', version: '1.0' }, { name: 'a', label: 'latest' } as const]) {
      assert.deepEqual(parseDataReference(formatDataReference(reference)), reference);
    }
  });
});
