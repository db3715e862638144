import { randomUUID } from 'node:crypto';

import type { Transaction } from 'kysely';

import type {
  CatalogTransaction,
  JsonObject,
  Operation,
  OperationError,
  OperationKind,
  ResourceState,
  StoredResource,
} from './catalog.ts';
import type { CatalogTables, OperationRow, ResourceRow } from './schema.ts';

export function createTransaction(
  database: Transaction<CatalogTables>,
  now: () => number,
): CatalogTransaction {
  const time = () => new Date(now()).toISOString();
  const find = async (id: string): Promise<StoredResource | undefined> => {
    const row = await database
      .selectFrom('resources')
      .selectAll()
      .where('id', '=', id.toLowerCase())
      .executeTakeFirst();
    return row === undefined ? undefined : readResource(row);
  };
  return {
    find,
    async list(parentId, type) {
      const rows = await database
        .selectFrom('resources')
        .selectAll()
        .where('parent_id', '=', parentId.toLowerCase())
        .where('type', '=', type)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(readResource);
    },
    async listAll(type) {
      const rows = await database
        .selectFrom('resources')
        .selectAll()
        .where('type', '=', type)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(readResource);
    },
    async put(draft) {
      const before = await find(draft.id);
      const applied = draft.applied ?? before?.applied;
      const row: ResourceRow = {
        id: draft.id.toLowerCase(),
        type: draft.type,
        parent_id: draft.parentId.toLowerCase(),
        name: before?.name ?? draft.name,
        body: JSON.stringify({ id: before?.id ?? draft.id, parentId: draft.parentId, body: draft.body }),
        applied: applied === undefined ? null : JSON.stringify(applied),
        state: draft.state,
        etag: `"${randomUUID()}"`,
        created_at: before?.createdAt ?? time(),
        modified_at: time(),
      };
      await database
        .insertInto('resources')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
      return readResource(row);
    },
    async remove(id) {
      const key = id.toLowerCase();
      await database.deleteFrom('resources').where('id', '=', key).execute();
      await database.deleteFrom('secrets').where('resource_id', '=', key).execute();
    },
    async findOperation(id) {
      const row = await database.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readOperation(row);
    },
    async unfinishedOperations() {
      const rows = await database
        .selectFrom('operations')
        .selectAll()
        .where('state', '=', 'InProgress')
        .orderBy('started_at')
        .execute();
      return rows.map(readOperation);
    },
    async putOperation({ id, resourceId, kind, state, error, startedAt, endedAt }) {
      const row: OperationRow = {
        id,
        resource_id: resourceId.toLowerCase(),
        kind,
        state,
        error: error === undefined ? null : JSON.stringify(error),
        started_at: startedAt,
        ended_at: endedAt ?? null,
      };
      await database
        .insertInto('operations')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async forgetOperations(endedBefore) {
      await database.deleteFrom('operations').where('ended_at', '<', endedBefore).execute();
    },
    async findSecret(resourceId, name) {
      const row = await database
        .selectFrom('secrets')
        .select('ciphertext')
        .where('resource_id', '=', resourceId.toLowerCase())
        .where('name', '=', name)
        .executeTakeFirst();
      return row?.ciphertext;
    },
    async putSecret({ resourceId, name, ciphertext }) {
      await database
        .insertInto('secrets')
        .values({ resource_id: resourceId.toLowerCase(), name, ciphertext })
        .onConflict((conflict) => conflict.columns(['resource_id', 'name']).doUpdateSet({ ciphertext }))
        .execute();
    },
  };
}

function readResource(row: ResourceRow): StoredResource {
  // Only we write these texts.
  const { id, parentId, body } = JSON.parse(row.body) as { id: string; parentId: string; body: JsonObject };
  return {
    id,
    type: row.type,
    parentId,
    name: row.name,
    body,
    ...(row.applied === null ? {} : { applied: JSON.parse(row.applied) as JsonObject }),
    state: row.state as ResourceState,
    etag: row.etag,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}

function readOperation(row: OperationRow): Operation {
  return {
    id: row.id,
    resourceId: row.resource_id,
    kind: row.kind as OperationKind,
    state: row.state as Operation['state'],
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as OperationError }),
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  };
}
