import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { loadConfig } from '@gleaner/collector';

import { collectorConfig, drainingConfig } from './collector-config.ts';
import { planOf } from './testing/served.ts';

const ports = { intake: 10_001, admin: 10_002, proxy: 10_003 };

describe('collectorConfig', () => {
  it('is what a collector reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-config-'));
    const plan = planOf(folder);
    const { request, response } = plan.collector.collections;
    assert.ok(request !== undefined && response !== undefined);
    const collector = {
      ...plan.collector,
      collections: {
        request: { ...request, samplingRate: 1e-7, clientId: 'an-identity' },
        response: { ...response, enabled: false },
      },
      captureHeaders: ['x-tenant'],
    };
    const options = { folder, programPort: 10_004, ports, hasServed: false };
    const text = collectorConfig({ ...plan, collector }, options);
    const { settings, collections, captureHeaders, spoolFolder } = await read(folder, text);
    assert.deepEqual(
      collections.map(({ destination, enabled, samplingRate }) => [
        destination.collection,
        enabled,
        samplingRate,
      ]),
      [
        ['request', true, 1e-7],
        ['response', false, 1],
      ],
    );
    assert.deepEqual(settings.proxy, {
      host: '127.0.0.1',
      port: ports.proxy,
      upstream: { host: '127.0.0.1', port: 10_004, isTls: false },
    });
    assert.deepEqual([settings['intake.port'], settings['admin.port']], [ports.intake, ports.admin]);
    assert.deepEqual(captureHeaders, ['x-tenant']);
    assert.equal(spoolFolder, join(folder, 'spool'));
    assert.deepEqual([settings.undelivered, settings['ship.refused']], ['leave_out', 'stop']);
    const again = await read(folder, collectorConfig(plan, { ...options, hasServed: true }));
    assert.equal(again.settings['ship.refused'], 'wait');

    const draining = await read(folder, drainingConfig(text));
    assert.equal(draining.settings.proxy, undefined);
    assert.deepEqual([draining.settings['intake.port'], draining.settings['ship.refused']], [0, 'wait']);
    assert.equal(draining.spoolFolder, spoolFolder);

    const nothing = { ...plan, collector: { ...plan.collector, collections: {} } };
    const empty = await read(folder, collectorConfig(nothing, options));
    assert.deepEqual(empty.collections, []);
    await rm(folder, { recursive: true });
  });
});

async function read(folder: string, text: string): ReturnType<typeof loadConfig> {
  const collectorFile = join(folder, 'collector.yml');
  await writeFile(collectorFile, text);
  return loadConfig({ collectorFile, flags: {}, environment: {} });
}
