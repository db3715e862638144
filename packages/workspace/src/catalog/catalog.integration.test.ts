import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Client } from 'pg';
import { DatabaseSync } from 'node:sqlite';

import type { Catalog, ResourceDraft } from './catalog.ts';
import { openCatalog } from './open-catalog.ts';
import { startTestPostgres } from './test-postgres.ts';
import type { TestPostgres } from './test-postgres.ts';

interface Place {
  path: string;
  databaseUrl?: string;
}

const draft: ResourceDraft = {
  id: '/Workspaces/W/onlineEndpoints/Iris',
  type: 'onlineEndpoints',
  parentId: '/Workspaces/W',
  name: 'Iris',
  body: { properties: { authMode: 'Key' }, text: 'ä "quoted" \\ \u0001' },
  state: 'Creating',
};

const increment = async (catalog: Catalog) =>
  catalog.transact(async (transaction) => {
    const found = await transaction.find(draft.id);
    const count = Number(found?.body['count'] ?? 0);
    await new Promise((resolve) => setImmediate(resolve));
    await transaction.put({ ...draft, body: { count: count + 1 } });
  });

/** Holds for every database. */
function catalogContract(makePlace: () => Promise<Place>): void {
  let clockMs = Date.parse('2025-01-31T23:00:00.000Z');
  const now = () => clockMs++;
  const open = async (place?: Place): Promise<Catalog> =>
    openCatalog({ ...(place ?? (await makePlace())), now });

  it('finds what was put, by its id in any case, with the body as it was', async () => {
    await using catalog = await open();
    await catalog.transact(async (transaction) => transaction.put(draft));
    const found = await catalog.transact(async (transaction) => transaction.find(draft.id.toUpperCase()));
    assert.equal(found?.id, draft.id);
    assert.deepEqual(found?.body, draft.body);
    assert.equal(found?.state, 'Creating');
  });

  it('keeps name, id and time of making, and changes the etag, when it is put again', async () => {
    await using catalog = await open();
    const first = await catalog.transact(async (transaction) => transaction.put(draft));
    const again = {
      ...draft,
      id: draft.id.toLowerCase(),
      name: 'iris',
      body: {},
      state: 'Succeeded' as const,
    };
    const second = await catalog.transact(async (transaction) => transaction.put(again));
    assert.equal(second.id, draft.id);
    assert.equal(second.name, 'Iris');
    assert.equal(second.createdAt, first.createdAt);
    assert.notEqual(second.etag, first.etag);
    assert.ok(second.modifiedAt > first.modifiedAt);
  });

  it('applies nothing of a transaction that fails', async () => {
    await using catalog = await open();
    const failing = catalog.transact(async (transaction) => {
      await transaction.put(draft);
      throw new Error('changed my mind');
    });
    await assert.rejects(failing, /changed my mind/);
    assert.equal(await catalog.transact(async (transaction) => transaction.find(draft.id)), undefined);
  });

  it('never lets two writers interleave, in one process or in two', async () => {
    const place = await makePlace();
    await using first = await open(place);
    await using second = await open(place);
    const catalogs = place.databaseUrl === undefined ? [first, first] : [first, second];
    await Promise.all(Array.from({ length: 10 }, async () => Promise.all(catalogs.map(increment))));
    const found = await first.transact(async (transaction) => transaction.find(draft.id));
    assert.equal(found?.body['count'], 20);
  });

  it('lists by parent and type in the order of making, and forgets secrets with their resource', async () => {
    await using catalog = await open();
    const names = ['c', 'a', 'b'];
    for (const name of names)
      await catalog.transact(async (transaction) =>
        transaction.put({ ...draft, id: `/Workspaces/W/onlineEndpoints/${name}`, name }),
      );
    const resourceId = '/Workspaces/W/onlineEndpoints/a';
    await catalog.transact(async (transaction) => {
      await transaction.putSecret({ resourceId, name: 'secrets', ciphertext: 'x' });
      await transaction.putSecret({ resourceId, name: 'secrets', ciphertext: 'y' });
    });
    await catalog.transact(async (transaction) => {
      const listed = await transaction.list('/workspaces/w', 'onlineEndpoints');
      assert.deepEqual(
        listed.map(({ name }) => name),
        names,
      );
      assert.equal(await transaction.findSecret(resourceId, 'secrets'), 'y');
      await transaction.remove(resourceId);
      assert.equal(await transaction.findSecret(resourceId, 'secrets'), undefined);
      assert.equal(await transaction.find(resourceId), undefined);
    });
  });

  it('holds operations over a restart', async () => {
    const place = await makePlace();
    const operation = {
      id: '1',
      resourceId: draft.id.toLowerCase(),
      kind: 'create',
      state: 'InProgress',
      startedAt: '2025-01-31T23:00:00.000Z',
    } as const;
    {
      await using catalog = await open(place);
      await catalog.transact(async (transaction) => transaction.putOperation(operation));
    }
    await using catalog = await open(place);
    await catalog.transact(async (transaction) => {
      assert.deepEqual(await transaction.unfinishedOperations(), [operation]);
      const error = { code: 'probe_failed', message: 'no answer' };
      await transaction.putOperation({ ...operation, state: 'Failed', error, endedAt: operation.startedAt });
      assert.deepEqual(await transaction.unfinishedOperations(), []);
      await transaction.forgetOperations(operation.startedAt);
      assert.deepEqual((await transaction.findOperation('1'))?.error, error);
      await transaction.forgetOperations('2025-02-01T00:00:00.000Z');
      assert.equal(await transaction.findOperation('1'), undefined);
    });
  });

  it('refuses what a newer version wrote', async () => {
    const place = await makePlace();
    await (await open(place))[Symbol.asyncDispose]();
    const insert = `insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01')`;
    if (place.databaseUrl === undefined) {
      const database = new DatabaseSync(place.path);
      database.exec(insert);
      database.close();
    } else {
      const client = new Client(place.databaseUrl);
      await client.connect();
      await client.query(insert);
      await client.end();
    }
    await assert.rejects(open(place), { code: 'catalog_newer' });
  });
}

describe('openCatalog on SQLite', () => {
  const folders: string[] = [];
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
  });
  catalogContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-catalog-'));
    folders.push(folder);
    return { path: join(folder, 'workspace.db') };
  });
});

describe('openCatalog on Postgres', () => {
  let postgres: TestPostgres | undefined;
  before(async () => {
    postgres = await startTestPostgres();
  });
  after(async () => postgres?.[Symbol.asyncDispose]());
  catalogContract(async () => {
    assert.ok(postgres);
    return { path: '', databaseUrl: await postgres.createDatabase() };
  });

  it('says that the database does not answer, without its address', async () => {
    const url = 'postgres://me:hunter2@127.0.0.1:1/none';
    await assert.rejects(openCatalog({ path: '', databaseUrl: url, now: Date.now }), (error: Error) => {
      assert.ok('code' in error && error.code === 'catalog_failed');
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
});
