import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { loadConfig, settings } from '@gleaner/collector';
import type { Setting } from '@gleaner/collector';
import { openYaml } from '@gleaner/protocol';
import type { YamlValue } from '@gleaner/protocol';

const file = join(import.meta.dirname, 'collector.example.yml');

describe('spec/collector.example.yml', () => {
  it('is taken without a warning, and says what it seems to say', async () => {
    const config = await loadConfig({ collectorFile: file, flags: {}, environment: {} });
    assert.deepEqual(config.warnings, []);
    assert.deepEqual(
      config.collections.map(({ destination, enabled }) => [destination.collection, enabled, destination]),
      [
        ['model_inputs', true, place('model_inputs', 'workspaceblobstore', 'modelDataCollector/')],
        ['model_outputs', true, place('model_outputs', 'archive', '')],
        ['request', false, place('request', 'workspaceblobstore', 'modelDataCollector/')],
      ],
    );
    assert.deepEqual(
      [...config.datastores].map(([name, { settings: store }]) => [name, store['path']]),
      [
        ['workspaceblobstore', join(import.meta.dirname, 'gleaner-data')],
        ['archive', join(import.meta.dirname, 'archive')],
      ],
    );
    assert.equal(config.spoolFolder, join(import.meta.dirname, 'gleaner-data/.spool'));
  });

  it('has every setting that is no secret, and its default where there is one', async () => {
    const written = scalars(openYaml(await readFile(file)).root?.value);
    for (const [name, setting] of Object.entries(settings) as [string, Setting<unknown>][]) {
      const text = written.get(name);
      assert.equal(text === undefined, setting.secret === true, name);
      if (setting.default !== undefined) assert.equal(text, setting.default, name);
    }
  });
});

function place(collection: string, datastore: string, above: string): object {
  return { collection, datastore, path: `${above}iris/blue/${collection}`, rollingRate: 'hour' };
}

/** The scalars of a tree by their way, `intake.port`, as they are written; a list is one of them. */
function scalars(value: YamlValue | undefined, way = ''): Map<string, string> {
  if (value?.kind === 'map') {
    const inner = value.entries.map((entry) =>
      scalars(entry.value, way === '' ? entry.name : `${way}.${entry.name}`),
    );
    return new Map(inner.flatMap((one) => [...one]));
  }
  if (value?.kind === 'list') return new Map([[way, 'a list']]);
  return value !== undefined && 'value' in value ? new Map([[way, String(value.value)]]) : new Map();
}
