/** DuckDB in this process; the one place that knows how it is set, stopped, and what its errors mean. */
import type { DuckDBConnection, DuckDBInstance, DuckDBResult, StatementType } from '@duckdb/node-api';
import { QueryError, cancelled, checkCancelled } from '../cache/errors.ts';

export interface EngineOptions {
  /** Such as `700MB`. */
  memory: string;
  /** Made when something does not fit into the memory, and removed at the end. */
  spillFolder: string;
  /** Ends what is running with `query_cancelled`. */
  signal?: AbortSignal | undefined;
}

export interface Engine extends AsyncDisposable {
  /** Runs our own statements. */
  run(sql: string): Promise<void>;
  /** The rows of our own query; all of them are held. */
  select(sql: string): Promise<Record<string, unknown>[]>;
  /**
   * From now on nothing of this machine can be reached but the files of `paths`, nothing can be loaded, and no setting changed.
   * They can be written as well, so let nothing but {@link stream} run what others wrote.
   */
  lock(paths: readonly string[]): Promise<void>;
  /** Runs one SELECT that somebody else wrote, with the memory of a part of its rows. Error: `query_invalid` for all else. */
  stream(sql: string): Promise<DuckDBResult>;
}

/** Errors, here and in every call: `query_invalid`, `query_memory_exceeded`, `query_cancelled`, `query_failed`. */
export async function openEngine({ memory, spillFolder, signal }: EngineOptions): Promise<Engine> {
  const duckdb = await import('@duckdb/node-api');
  const instance = await translated(memory, () =>
    duckdb.DuckDBInstance.create(':memory:', {
      memory_limit: memory,
      temp_directory: spillFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    }),
  );
  const connection = await instance.connect();
  const stop = () => connection.interrupt();
  signal?.addEventListener('abort', stop);
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    checkCancelled(signal);
    return translated(memory, work);
  };
  await call(() => connection.run("SET TimeZone = 'UTC'"));
  return {
    run: (sql) => call(async () => void (await connection.run(sql))),
    select: (sql) => call(async () => (await connection.runAndReadAll(sql)).getRowObjectsJS()),
    async lock(paths) {
      for (const setting of lockSettings(paths)) await call(() => connection.run(`SET ${setting}`));
    },
    stream: (sql) => call(() => streamSelect(connection, sql, duckdb.StatementType.SELECT)),
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', stop);
      close(connection, instance);
    },
  };
}

/** A text as SQL writes it. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as SQL writes it. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What DuckDB says while it is asked for more rows has to be translated, too. */
export async function translated<T>(memory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw queryFailure(error, memory);
  }
}

function lockSettings(paths: readonly string[]): string[] {
  return [
    `allowed_paths = [${paths.map(sqlText).join(', ')}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ];
}

/** DuckDB would let a COPY write to the very files that may be read. */
async function streamSelect(
  connection: DuckDBConnection,
  sql: string,
  select: StatementType,
): Promise<DuckDBResult> {
  if (sql.trim() === '') throw notOneSelect('none');
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) throw notOneSelect(`${statements.count} statements`);
  const statement = await statements.prepare(0);
  if (statement.statementType !== select) throw notOneSelect('another statement');
  return statement.stream();
}

function notOneSelect(found: string): QueryError {
  return new QueryError(
    'query_invalid',
    `One SELECT is run, and nothing that changes anything; here is ${found}.`,
    {
      fix: 'Write one query: "select …", "from …", "describe …" or "summarize …".',
    },
  );
}

function queryFailure(error: unknown, memory: string): unknown {
  if (error instanceof QueryError || !(error instanceof Error)) return error;
  const [, kind = '', said = ''] =
    /^(?:Failed to [a-z ]+: )?([A-Z][A-Za-z ]*?)(?: Error)?: ?([^]*)$/.exec(error.message) ?? [];
  const why = said.split('\n\nPossible solutions:')[0]?.trim() ?? '';
  if (/^interrupt$/i.test(kind)) return cancelled();
  if (kind === 'Out of Memory') {
    return new QueryError('query_memory_exceeded', `The query needs more than the ${memory} it may have.`, {
      fix: 'Ask for less at once (fewer columns, a shorter window, a LIMIT), or give it more with --memory.',
    });
  }
  if (kind === 'Permission') {
    return new QueryError('query_invalid', `A query sees the collected data and nothing else. ${why}`, {
      fix: 'Read the views that "show tables" names.',
    });
  }
  if (invalidKinds.has(kind)) {
    return new QueryError('query_invalid', `The query cannot be run: ${why}`, {
      fix: '"show tables" names the views, "describe <view>" their columns.',
    });
  }
  return new QueryError(
    'query_failed',
    `The query failed: ${kind === '' ? error.message : `${kind}: ${why}`}`,
    {
      fix: 'Run it again; when the data changed meanwhile, that is all it takes.',
    },
  );
}

const invalidKinds: ReadonlySet<string> = new Set([
  'Parser',
  'Syntax',
  'Binder',
  'Catalog',
  'Conversion',
  'Out of Range',
  'Not implemented',
]);

function close(connection: DuckDBConnection, instance: DuckDBInstance): void {
  connection.closeSync();
  instance.closeSync();
}
