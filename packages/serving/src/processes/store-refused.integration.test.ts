/** A store that refuses a deployment's collectors: Azurite, behind a proxy that takes the permission away. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startAzurite, startFaultProxy } from '@gleaner/testkit';
import type { DeploymentPlan } from '@gleaner/workspace/api';

import { findInstanceFolders } from './left-spools.ts';
import { planOf, routesTo, serve, until } from './testing/served.ts';

describe('a store that refuses the collectors of a deployment', { timeout: 120_000 }, () => {
  it('stops a first start, and neither serving nor what was collected later on', async () => {
    await using azurite = await startAzurite();
    const container = await azurite.createContainer('data');
    const target = `http://${azurite.endpoint}`;
    await using proxy = await startFaultProxy({ target, service: 'azure_blob' });
    await using served = await serve();
    const plan = storedAt(planOf(served.folder), {
      type: 'azure_blob',
      account_name: azurite.account,
      container_name: 'data',
      endpoint: new URL(proxy.endpoint).host,
      protocol: 'http',
      credentials: { account_key: azurite.accountKey },
    });
    const stored = async (): Promise<number> => {
      const blobs = await Array.fromAsync(container.listBlobsFlat({ prefix: 'request/' }));
      const texts = await Promise.all(
        blobs
          .filter(({ name }) => name.endsWith('.jsonl'))
          .map(({ name }) => container.getBlobClient(name).downloadToBuffer()),
      );
      return texts.join('').split('\n').length - 1;
    };

    proxy.deny();
    const refused = await served.apply(plan).catch((error: unknown) => error);
    assert.equal((refused as { code?: string }).code, 'collector_failed');
    assert.match((refused as { log?: string }).log ?? '', /store_permission_denied|was refused/);

    proxy.up();
    await served.apply(plan);
    await served.route(routesTo('blue'));
    assert.equal((await served.score({ n: 1 })).status, 200);
    await until(async () => (await stored()) === 1);

    proxy.deny();
    const [before] = (await served.status())[0]?.instances ?? [];
    process.kill(before?.processes['model-data-collector'] ?? 0, 'SIGKILL');
    await until(async () => (await served.status())[0]?.instances[0]?.restarts === 1);
    await until(async () => (await served.status())[0]?.instances[0]?.state === 'ready');
    assert.equal((await served.score({ n: 2 })).status, 200);
    const health = await fetch(`http://127.0.0.1:${before?.collectorAdminPort}/healthz`);
    const { causes } = (await health.json()) as { causes: { code: string }[] };
    assert.deepEqual(
      causes.map(({ code }) => code),
      ['store_permission_denied'],
    );

    await served.apply({ ...plan, environmentVariables: { VERSION: '2' } }).catch(() => undefined);
    assert.equal((await served.score({ n: 3 })).status, 200, 'the plan before goes on');
    proxy.up();
    await served.remove('blue');
    await until(async () => (await stored()) === 3);
    await until(async () => (await findInstanceFolders(join(served.folder, 'instances'))).length === 0);
  });
});

function storedAt(plan: DeploymentPlan, cloud: Record<string, unknown>): DeploymentPlan {
  const { collector } = plan;
  const collections = Object.fromEntries(
    Object.entries(collector.collections).map(([name, collection]) => [
      name,
      { ...collection, path: `azureml://datastores/cloud/paths/${name}` },
    ]),
  );
  return { ...plan, collector: { ...collector, collections, datastores: { cloud } } };
}
