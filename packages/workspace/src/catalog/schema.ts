/** The tables of the catalog, and how they came to be. SQLite and Postgres alike: texts and nothing else. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export interface CatalogTables {
  resources: ResourceRow;
  operations: OperationRow;
  secrets: SecretRow;
}

export interface ResourceRow {
  /** Resource id in lower case. */
  id: string;
  type: string;
  /** Id of the resource, or of the collection of versions, that it belongs to; in lower case. */
  parent_id: string;
  /** In the case that it was made with. */
  name: string;
  body: string;
  applied: string | null;
  state: string;
  etag: string;
  created_at: string;
  modified_at: string;
}

export interface OperationRow {
  id: string;
  resource_id: string;
  kind: string;
  state: string;
  error: string | null;
  started_at: string;
  ended_at: string | null;
}

export interface SecretRow {
  resource_id: string;
  name: string;
  ciphertext: string;
}

/** By name, in the order of their names. One that is published is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('resources')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('parent_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('applied', 'text')
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('etag', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('modified_at', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createIndex('resources_by_parent')
        .on('resources')
        .columns(['parent_id', 'type'])
        .execute();
      await database.schema
        .createTable('operations')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('resource_id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('error', 'text')
        .addColumn('started_at', 'text', (column) => column.notNull())
        .addColumn('ended_at', 'text')
        .execute();
      await database.schema
        .createTable('secrets')
        .addColumn('resource_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('ciphertext', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('secrets_key', ['resource_id', 'name'])
        .execute();
    },
  },
};
