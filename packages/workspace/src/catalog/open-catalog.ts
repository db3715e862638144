import { Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool } from 'pg';

import { WorkspaceError } from '../errors.ts';
import type { Catalog } from './catalog.ts';
import { migrations } from './schema.ts';
import type { CatalogTables } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { createTransaction } from './transaction.ts';

export interface CatalogOptions {
  /** A file of SQLite. */
  path: string;
  /** `postgres://…`, in the place of the file. */
  databaseUrl?: string;
  now: () => number;
}

/** Any number that other programs of the same database are not likely to lock. */
const lockNumber = 7_162_031;

/** Errors: `catalog_newer`, `catalog_failed`. */
export async function openCatalog({ path, databaseUrl, now }: CatalogOptions): Promise<Catalog> {
  const isPostgres = databaseUrl !== undefined;
  const dialect = isPostgres
    ? new PostgresDialect({ pool: openPool(databaseUrl) })
    : new SqliteDialect({ database: async () => openSqlite(path) });
  const database = new Kysely<CatalogTables>({ dialect });
  try {
    await migrate(database);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    async transact(work) {
      const run = async () =>
        database.transaction().execute(async (transaction) => {
          if (isPostgres) await sql`select pg_advisory_xact_lock(${lockNumber})`.execute(transaction);
          return work(createTransaction(transaction, now));
        });
      const result = last.then(run, run);
      last = result;
      return result;
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => undefined);
      await database.destroy();
    },
  };
}

function openPool(databaseUrl: string): Pool {
  const pool = new Pool({ connectionString: databaseUrl, max: 4 });
  // A connection that breaks while nobody uses it is replaced by the next query, which tells if it cannot.
  pool.on('error', () => undefined);
  return pool;
}

async function migrate(database: Kysely<CatalogTables>): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const text = error instanceof Error ? error.message : 'the database does not answer';
  if (text.includes('corrupted migrations'))
    throw new WorkspaceError('catalog_newer', 'The catalog was written by a newer version of Gleaner.', {
      cause: error,
      fix: 'Start that version, or take another data folder or database.',
    });
  throw new WorkspaceError('catalog_failed', `The catalog cannot be opened: ${withoutAddress(text)}.`, {
    cause: error,
    fix: 'See that the data folder can be written, and that GLEANER_DATABASE_URL names a database that answers.',
  });
}

/** A driver may repeat the address, and the address may hold a password. */
function withoutAddress(text: string): string {
  return text.replaceAll(/postgres(?:ql)?:\/\/\S+/g, 'the database');
}
