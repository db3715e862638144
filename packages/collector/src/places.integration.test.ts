/** What becomes of records when the configuration changes around a spool: nothing is lost, doubled or overwritten. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { verify } from '@gleaner/insight';
import { postRaw } from '@gleaner/testkit';
import { pino } from 'pino';

import { loadConfig } from './config/config.ts';
import { openCollector } from './collector.ts';
import type { Collector, CollectorDependencies } from './collector.ts';

interface Bench extends AsyncDisposable {
  folder: string;
  /** A collector with these collections, by name: where each goes; `settings` as in a file. */
  open(places: Record<string, object>, settings?: object): Promise<Collector>;
}

async function openBench(options: Partial<CollectorDependencies> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-places-'));
  return {
    folder,
    async open(places, settings = {}) {
      const collections = Object.fromEntries(
        Object.entries(places).map(([name, place]) => [name, { enabled: 'true', ...place }]),
      );
      const collectorFile = join(folder, 'collector.yml');
      const config = {
        name: 'blue',
        endpoint_name: 'iris',
        data_collector: { collections },
        spool: { path: 'spool' },
        intake: { port: 0 },
        admin: { port: 0 },
        ...settings,
      };
      await writeFile(collectorFile, JSON.stringify(config));
      const loaded = await loadConfig({ collectorFile, flags: {}, environment: {} });
      return openCollector(loaded, { logger: pino({ level: 'silent' }), ...options });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function post(collector: Collector, collection: string, id = 'r1'): Promise<void> {
  const body = Buffer.from('[{"a":1}]');
  const headers: [string, string][] = [
    ['Host', 'x'],
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['ce-type', `azureml.inference.${collection}`],
    ['ce-time', '1700000000'],
    ['ce-x-request-id', id],
  ];
  const path = '/modeldata/log';
  assert.equal((await postRaw(collector.intakePort, { method: 'POST', path, headers, body })).status, 200);
}

async function finish(collector: Collector): Promise<void> {
  assert.deepEqual(await collector.drain(AbortSignal.timeout(10_000)), { complete: true, left: 0 });
  await collector[Symbol.asyncDispose]();
}

const at = (path: string) => ({ data: { path: `azureml://datastores/${path}` } });

describe('a configuration', () => {
  it('may not send two collections to one place, by whatever names and identities', async () => {
    await using bench = await openBench();
    await mkdir(join(bench.folder, 'data'));
    const datastores = { one: { type: 'folder', path: 'data' }, two: { type: 'folder', path: 'data' } };
    const id = '00000000-0000-0000-0000-000000000001';
    for (const other of [at('two/paths/same'), { ...at('one/paths/same'), client_id: id }]) {
      await assert.rejects(bench.open({ a: at('one/paths/same'), b: other }, { datastores }), {
        code: 'configuration_invalid',
        message: /Collections a and b go to the same place/,
      });
    }
  });
});

describe('a spool that goes on with', () => {
  it('a datastore in another place leaves the old one as it is, and proves the new one', async () => {
    const stores = new Map<string, Datastore>();
    await using bench = await openBench({
      openDatastore: ({ settings: { path = '' } }) => {
        const store = stores.get(path) ?? createMemoryDatastore();
        stores.set(path, store);
        const url = (one: string): string => `memory://${path}/${one}`;
        return new Proxy(store, {
          get: (target, key) => {
            if (key === 'url') return url;
            if (key === Symbol.asyncDispose) return async () => undefined;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      },
    });
    for (const path of ['first', 'second']) {
      const datastores = { store: { type: 'folder', path } };
      const collector = await bench.open({ a: at('store/paths/a') }, { datastores });
      await post(collector, 'a', path);
      await finish(collector);
    }
    assert.equal(stores.size, 2);
    for (const store of stores.values()) {
      const { ok, totals } = await verify(store);
      assert.deepEqual([ok, totals.accepted, totals.stored], [true, 1, 1]);
    }
  });

  it('another name for a datastore gives no sequence twice, so no object is replaced', async () => {
    const store = createMemoryDatastore({ writes: 'object' });
    const kept = new Proxy(store, {
      get: (target, key) => {
        if (key === Symbol.asyncDispose) return async () => undefined;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await using bench = await openBench({ openDatastore: () => kept });
    for (const name of ['blob', 'renamed']) {
      const datastores = { [name]: { type: 'folder', path: 'unused' } };
      const collector = await bench.open({ a: at(`${name}/paths/a`) }, { datastores });
      await post(collector, 'a', name);
      await finish(collector);
      // As if the segments had been long enough to go.
      await rm(join(bench.folder, 'spool/segments'), { recursive: true });
    }
    const { ok, totals } = await verify(store);
    assert.deepEqual([ok, totals.stored, totals.files], [true, 2, 2]);
  });

  it('a checkpoint that is none is refused, whatever is in it', async () => {
    await using bench = await openBench();
    const collector = await bench.open({ a: {} });
    await finish(collector);
    const path = join(bench.folder, 'spool/shipped-workspaceblobstore.json');
    const sound = JSON.parse(await readFile(path, 'utf8')) as object;
    for (const broken of ['null', '7', '{"version":2}', JSON.stringify({ ...sound, cut: 'x' }), '{']) {
      await writeFile(path, broken);
      await assert.rejects(bench.open({ a: {} }), { code: 'spool_unusable' }, broken);
    }
    await writeFile(path, JSON.stringify({ ...sound, version: 3 }));
    await assert.rejects(bench.open({ a: {} }), { code: 'spool_version_unsupported' });
  });
});
