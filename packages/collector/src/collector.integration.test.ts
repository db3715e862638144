/** The collector as its operator sees it: trouble, health, policy, limits, restarts. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { openFolderDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, startSystem } from '@gleaner/testkit';
import type { FaultyDatastore, System } from '@gleaner/testkit';

function post(system: System, correlationId: string, body = '[{"a":1}]'): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    'ce-type': 'azureml.inference.model_inputs',
    'ce-x-request-id': correlationId,
  };
  return fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
  assert.ok(condition(), condition.toString());
}

describe('a store in trouble', () => {
  it('is named in health, and catches up by itself', async () => {
    let store: FaultyDatastore | undefined;
    await using system = await startSystem({
      async openDatastore({ settings: { path = '' } }) {
        store = createFaultyDatastore(await openFolderDatastore(path));
        return store;
      },
    });
    store?.denied();
    assert.equal((await post(system, 'r1')).status, 200);
    const { collector, adminUrl } = system;
    await until(() => collector.status().causes.some(({ code }) => code === 'store_permission_denied'));
    assert.equal((await fetch(`${adminUrl}/healthz`)).status, 200);
    assert.equal(collector.status().backlog.records, 1);
    store?.up();
    await until(() => collector.status().causes.length === 0 && collector.status().backlog.records === 0);
    await system.finish();
    assert.equal((await system.lines('model_inputs')).length, 1);
  });

  it('fills the spool: 503 with Retry-After, and room again once the store is back', async () => {
    let store: FaultyDatastore | undefined;
    await using system = await startSystem({
      flags: { 'spool-max-size': '1MiB' },
      async openDatastore({ settings: { path = '' } }) {
        store = createFaultyDatastore(await openFolderDatastore(path));
        return store;
      },
    });
    store?.down();
    const body = `[{"a":"${'x'.repeat(50_000)}"}]`;
    let accepted = 0;
    let answer = await post(system, 'r0', body);
    for (; answer.status === 200; accepted++) answer = await post(system, `r${accepted}`, body);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal((await fetch(`${system.adminUrl}/healthz`)).status, 503);
    assert.ok(system.collector.status().causes.some((cause) => cause.code === 'spool_full'));
    store?.up();
    await until(() => system.collector.status().backlog.records === 0);
    assert.equal((await post(system, 'last', body)).status, 200);
    await system.finish();
    assert.equal((await system.lines('model_inputs')).length, accepted + 1);
    const [manifest = ''] = (await readdir(system.dataFolder, { recursive: true })).filter((name) =>
      name.endsWith('.manifest.json'),
    );
    const { seen, kept, dropped } = JSON.parse(
      await readFile(join(system.dataFolder, manifest), 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual([seen, kept, dropped], [accepted + 2, accepted + 1, { spool_full: 1 }]);
  });
});

describe('the spool', () => {
  it('is refused to a second process, which is told what to do', async () => {
    await using system = await startSystem();
    await assert.rejects(startSystem({ folder: system.folder }), { code: 'spool_in_use', fix: /--spool/ });
  });

  it('of a newer version is refused', async () => {
    await using system = await startSystem();
    await system.finish();
    const path = join(system.spoolFolder, 'spool.json');
    const identity = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...identity, version: 2 }));
    await assert.rejects(startSystem({ folder: system.folder }), { code: 'spool_version_unsupported' });
  });

  it('with a damaged segment is cut at the first bad frame; the bad bytes are kept aside, what is good is stored', async () => {
    let store: FaultyDatastore | undefined;
    await using system = await startSystem({
      async openDatastore({ settings: { path = '' } }) {
        store = createFaultyDatastore(await openFolderDatastore(path));
        return store;
      },
    });
    store?.down();
    for (const id of ['r1', 'r2', 'r3']) assert.equal((await post(system, id)).status, 200);
    await system.collector[Symbol.asyncDispose]();
    const segments = join(system.spoolFolder, 'segments');
    const [name = ''] = await readdir(segments);
    const bytes = await readFile(join(segments, name));
    const third = bytes.indexOf('"r3"');
    bytes[third + 1] = 0x51;
    await writeFile(join(segments, name), bytes);
    await appendFile(join(segments, name), 'rubbish');
    // A body that the damaged frame may have named is not thrown away, either.
    await writeFile(join(system.spoolFolder, 'payloads/body'), 'a large body');
    const { instance } = system.collector;
    await using again = await startSystem({ folder: system.folder });
    assert.equal(again.collector.instance, instance);
    await again.finish();
    const ids = (await again.lines('model_inputs')).map(
      (line) => (JSON.parse(line) as { correlationid: string }).correlationid,
    );
    assert.deepEqual(ids, ['r1', 'r2']);
    const damaged = join(system.spoolFolder, 'damaged');
    const aside = (await readdir(damaged)).find((one) => one.endsWith('.bad')) ?? '';
    assert.match(await readFile(join(damaged, aside), 'utf8'), /rubbish/);
    assert.equal(await readFile(join(damaged, 'body'), 'utf8'), 'a large body');
  });

  it('is shipped by the next start when the drain ran out of time', async () => {
    let store: FaultyDatastore | undefined;
    await using system = await startSystem({
      async openDatastore({ settings: { path = '' } }) {
        store = createFaultyDatastore(await openFolderDatastore(path));
        return store;
      },
    });
    store?.down();
    for (const id of ['r1', 'r2']) await post(system, id);
    assert.deepEqual(await system.collector.drain(AbortSignal.timeout(100)), { complete: false, left: 2 });
    await system.collector[Symbol.asyncDispose]();
    await using again = await startSystem({ folder: system.folder });
    await again.finish();
    assert.equal((await again.lines('model_inputs')).length, 2);
  });
});

describe('PATCH /policy', () => {
  it('takes effect at once, and names what it does not know', async () => {
    await using system = await startSystem();
    const patch = (change: unknown): Promise<Response> =>
      fetch(`${system.adminUrl}/policy`, { method: 'PATCH', body: JSON.stringify({ collections: change }) });
    assert.equal((await patch({ model_inputs: { samplingRate: 0 } })).status, 200);
    assert.equal((await post(system, 'r1')).status, 200);
    assert.equal(system.collector.status().collections['model_inputs']?.dropped.sampled_out, 1);
    assert.equal((await patch({ model_inputs: { enabled: false } })).status, 200);
    assert.equal((await post(system, 'r1')).status, 404);
    assert.equal((await patch({ model_inputs: { samplingRate: 2 } })).status, 400);
    assert.equal((await patch({ nothing: { enabled: true } })).status, 404);
  });

  it('is on record: dropped events stand in the manifest of their window', async () => {
    await using system = await startSystem({
      collections: { model_inputs: { enabled: 'true', sampling_rate: 0.5 } },
    });
    for (let i = 0; i < 40; i++) await post(system, `r${i}`);
    const kept = system.collector.status().collections['model_inputs']?.accepted ?? 0;
    await system.finish();
    const [name = ''] = (await readdir(system.dataFolder, { recursive: true })).filter((one) =>
      one.endsWith('.manifest.json'),
    );
    const manifest = JSON.parse(await readFile(join(system.dataFolder, name), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [manifest['seen'], manifest['kept'], manifest['dropped']],
      [40, kept, { sampled_out: 40 - kept }],
    );
  });
});

describe('access', () => {
  it('beyond loopback takes a token', async () => {
    await assert.rejects(startSystem({ flags: { 'intake-host': '0.0.0.0' } }), { code: 'token_required' });
    await assert.rejects(startSystem({ flags: { 'admin-host': '0.0.0.0' } }), { code: 'token_required' });
    await using system = await startSystem({
      flags: { 'intake-host': '0.0.0.0' },
      environment: { GLEANER_INTAKE_TOKEN: 'secret' },
    });
    assert.equal((await post(system, 'r1')).status, 401);
  });

  it('GET /metrics speaks Prometheus', async () => {
    await using system = await startSystem();
    await post(system, 'r1');
    const text = await (await fetch(`${system.adminUrl}/metrics`)).text();
    assert.match(text, /gleaner_data_collection_events_total\{collection="model_inputs"\} 1/);
  });
});

describe('rolling', () => {
  for (const [rate, folder] of Object.entries({
    minute: /\/2023\/01\/01\/00\/43\//,
    day: /\/2023\/01\/01\/[0-9a-f]{32}/,
    month: /\/2023\/01\/[0-9a-f]{32}/,
    year: /\/2023\/[0-9a-f]{32}/,
  })) {
    it(`by ${rate}`, async () => {
      await using system = await startSystem({ rollingRate: rate });
      const headers = {
        'content-type': 'application/json',
        'ce-type': 'azureml.inference.model_inputs',
        'ce-time': '1672533814',
      };
      await fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body: '[]' });
      await system.finish();
      const names = await readdir(system.dataFolder, { recursive: true });
      assert.ok(
        names.some((name) => name.endsWith('.jsonl') && folder.test(`/${name}`)),
        names.join(' '),
      );
    });
  }
});

describe('ship.merge_window', () => {
  it('lets calls of one id share a line, rows in order', async () => {
    await using system = await startSystem({ environment: { GLEANER_SHIP_MERGE_WINDOW: '60s' } });
    await post(system, 'r1', '[{"a":1},{"a":2}]');
    await post(system, 'r2', '[{"a":3}]');
    await post(system, 'r1', '[{"a":4}]');
    await system.finish();
    const data = (await system.lines('model_inputs')).map((line) =>
      /"data":(.*),"contentrange":"([^"]*)"/.exec(line)?.slice(1),
    );
    assert.deepEqual(data, [
      ['[{"a":1},{"a":2},{"a":4}]', 'bytes 0-24/25'],
      ['[{"a":3}]', 'bytes 0-8/9'],
    ]);
  });
});
