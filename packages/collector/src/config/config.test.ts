import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';

import { loadConfig } from './config.ts';
import type { CollectorConfig } from './config.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

interface Given {
  collections?: Record<string, object>;
  settings?: object;
  flags?: Record<string, string>;
}

async function load({ collections = { a: { enabled: 'true' } }, settings = {}, flags = {} }: Given): Promise<{
  config: CollectorConfig;
  folder: string;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-config-'));
  folders.push(folder);
  const collectorFile = join(folder, 'collector.yml');
  const content = { endpoint_name: 'iris', name: 'blue', data_collector: { collections }, ...settings };
  await writeFile(collectorFile, JSON.stringify(content));
  return { config: await loadConfig({ collectorFile, flags, environment: {} }), folder };
}

function at(path: string): object {
  return { enabled: 'true', data: { name: 'x', path, version: 1 } };
}

describe('loadConfig', () => {
  it('starts the paths of a file where the file is, and those of a flag where one stands', async () => {
    const spool = { spool: { path: 'spool' }, write_mdc_config: 'mdc.json' };
    const { config, folder } = await load({ settings: spool });
    assert.equal(config.spoolFolder, join(folder, 'spool'));
    assert.equal(config.settings.write_mdc_config, join(folder, 'mdc.json'));
    const byFlag = await load({ settings: spool, flags: { spool: 'here' } });
    assert.equal(byFlag.config.spoolFolder, join(process.cwd(), 'here'));
  });

  for (const [name, collections, message] of [
    [
      'that begins with a dot',
      { '.hidden': { enabled: 'true' } },
      /Collection \.hidden: .* starts with a dot/,
    ],
    [
      'that is too long for a store',
      { a: at(`azureml://datastores/workspaceblobstore/paths/${'long/'.repeat(200)}`) },
      /Collection a: .* bytes of at most 1024/,
    ],
    [
      'that another collection has',
      {
        a: at('azureml://datastores/workspaceblobstore/paths/same'),
        b: at('azureml://datastores/workspaceblobstore/paths/same/'),
      },
      /Collections a and b have the same data\.path: workspaceblobstore\/same/,
    ],
  ] as const) {
    it(`refuses a place ${name}`, async () => {
      await assert.rejects(load({ collections }), { code: 'configuration_invalid', message });
    });
  }

  it('refuses a workspace that cannot stand in a resource id', async () => {
    await assert.rejects(load({ flags: { 'workspace-name': 'a/b' } }), { code: 'configuration_invalid' });
  });
});
