/** A start that the store refuses: with the real Azurite, and a signature that may read only. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { ContainerSASPermissions } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { startAzurite, startFaultProxy, startSystem } from '@gleaner/testkit';
import type { Azurite, System } from '@gleaner/testkit';

describe('a collector that its store refuses at the start', () => {
  let azurite: Azurite;
  let folder: string;
  before(async () => {
    azurite = await startAzurite();
    folder = await mkdtemp(join(tmpdir(), 'gleaner-refused-'));
  });
  after(async () => {
    await azurite[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('stop: does not start, and says why', async () => {
    const container = await azurite.createContainer('stop');
    const datastore = await readable(container, azurite);
    await assert.rejects(start(datastore, { folder: join(folder, 'stop') }), {
      code: 'store_permission_denied',
    });
  });

  it('wait: starts, names the cause at once, and keeps records until the store takes them', async () => {
    const container = await azurite.createContainer('wait');
    const own = join(folder, 'wait');
    {
      const datastore = await readable(container, azurite);
      await using system = await start(datastore, { folder: own, refused: 'wait' });
      assert.deepEqual(codesOf(system), ['store_permission_denied']);
      assert.equal(system.collector.status().ready, true);
      await log(system);
      const drained = await system.collector.drain(AbortSignal.timeout(500));
      assert.deepEqual(drained, { complete: false, left: 1 });
      assert.deepEqual(codesOf(system), ['shutting_down', 'store_permission_denied']);
    }
    const key = { account_key: azurite.accountKey };
    const datastore = datastoreOf(container, { azurite, credentials: key });
    await using system = await start(datastore, { folder: own, refused: 'wait' });
    assert.deepEqual(codesOf(system), []);
    await system.finish();
    const blobs = await Array.fromAsync(container.listBlobsFlat());
    assert.equal(blobs.filter(({ name }) => name.endsWith('.jsonl')).length, 1);
  });

  it('wait: comes back by itself once the permission is there, though nothing is to be stored', async () => {
    const container = await azurite.createContainer('back');
    const target = `http://${azurite.endpoint}`;
    await using proxy = await startFaultProxy({ target, service: 'azure_blob' });
    proxy.deny();
    const key = { account_key: azurite.accountKey };
    const datastore = datastoreOf(container, { azurite, endpoint: proxy.endpoint, credentials: key });
    await using system = await start(datastore, { folder: join(folder, 'back'), refused: 'wait' });
    await sleep(300);
    assert.deepEqual(codesOf(system), ['store_permission_denied']);
    proxy.up();
    for (let waits = 0; codesOf(system).length > 0 && waits < 1000; waits++) await sleep(20);
    assert.deepEqual(codesOf(system), []);
    assert.deepEqual(await Array.fromAsync(container.listBlobsFlat()), [], 'nothing of the attempts is left');
  });
});

interface Place {
  azurite: Azurite;
  credentials: Record<string, string>;
  endpoint?: string;
}

function datastoreOf(
  { containerName }: ContainerClient,
  { azurite, credentials, endpoint }: Place,
): Record<string, unknown> {
  return {
    type: 'azure_blob',
    account_name: azurite.account,
    container_name: containerName,
    endpoint: endpoint === undefined ? azurite.endpoint : new URL(endpoint).host,
    protocol: 'http',
    credentials,
  };
}

/** With a shared access signature that lets nobody write. */
async function readable(container: ContainerClient, azurite: Azurite): Promise<Record<string, unknown>> {
  const url = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse('r'),
    expiresOn: new Date(Date.now() + 3_600_000),
  });
  return datastoreOf(container, { azurite, credentials: { sas_token: new URL(url).search.slice(1) } });
}

function start(
  datastore: Record<string, unknown>,
  { folder, refused }: { folder: string; refused?: 'wait' },
): Promise<System> {
  const place = { data: { path: 'azureml://datastores/cloud/paths/inputs' } };
  return startSystem({
    folder,
    collections: { model_inputs: { enabled: 'true', ...place } },
    settings: {
      datastores: { cloud: datastore },
      ...(refused !== undefined && { ship: { refused } }),
    },
  });
}

function codesOf({ collector }: System): string[] {
  return collector.status().causes.map(({ code }) => code);
}

async function log({ intakeUrl }: System): Promise<void> {
  const answer = await fetch(`${intakeUrl}/modeldata/log`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' },
    body: '[{"a":1}]',
  });
  assert.equal(answer.status, 200, await answer.text());
}
