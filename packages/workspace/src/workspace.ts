/** The process of the workspace: its parts in the order in which a change passes them. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Logger } from 'pino';

import { openAudit } from './access/audit.ts';
import { createFailureLimit } from './access/failures.ts';
import { ensureOwner } from './access/owner.ts';
import type { NewOwner } from './access/owner.ts';
import type { Runtime } from './api/runtime.ts';
import { createArtifacts } from './artifacts/locate.ts';
import { openCatalog } from './catalog/open-catalog.ts';
import { createWorkspaceEvents } from './events.ts';
import { createServer } from './http/server.ts';
import { createOperations } from './operations/operations.ts';
import { failOperation, performOperation } from './operations/perform.ts';
import { createRestorer } from './reconcile/restore.ts';
import { createRouteTable } from './reconcile/routes.ts';
import { createTurns } from './reconcile/turns.ts';
import { defaultDatastore, putDatastore } from './resources/datastores.ts';
import { createIds } from './resources/ids.ts';
import type { WorkspaceNames } from './resources/ids.ts';
import { openCipher } from './secrets/cipher.ts';
import { createSecrets } from './secrets/secrets.ts';

export interface WorkspaceOptions {
  /** Holds the catalog, its key, and the default datastore; made when missing. */
  dataFolder: string;
  /** `postgres://…`: where the catalog is, in the place of a file. */
  databaseUrl?: string;
  runtime: Runtime;
  listen: { host: string; port: number };
  /** Where callers reach this workspace and its endpoints, such as `http://127.0.0.1:5080`. */
  publicUrl: string;
  names: WorkspaceNames;
  location: string;
  /** Told of the owner at the first start, before it counts: the token is never shown again. */
  keepOwner: (owner: NewOwner) => Promise<void>;
  /** Makes one more owner, in case that the token is lost. */
  anotherOwner?: boolean;
  logger: Logger;
  now?: () => number;
}

export interface Workspace {
  port: number;
  /** UUID of this workspace, the same at every start. */
  tenantId: string;
  /** What is going on is left as it is, and gone on with at the next start. */
  close(): Promise<void>;
}

/** How long a caller may ask how a change ended. */
const operationLifeMs = 7 * 24 * 3_600_000;

/** Resolves when it listens; what should run is made to run in the background. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { runtime, listen, names, location, logger, databaseUrl, now = Date.now } = options;
  const dataFolder = resolve(options.dataFolder);
  const publicUrl = options.publicUrl.replace(/\/+$/, '');
  const defaultDatastoreFolder = join(dataFolder, defaultDatastore);
  await mkdir(defaultDatastoreFolder, { recursive: true, mode: 0o700 });
  const events = createWorkspaceEvents(logger);
  await using parts = new AsyncDisposableStack();

  const catalogOptions = { path: join(dataFolder, 'workspace.db'), now };
  const catalog = parts.use(
    await openCatalog(databaseUrl === undefined ? catalogOptions : { ...catalogOptions, databaseUrl }),
  );
  const tenantId = await ensureOwner(catalog, {
    keep: options.keepOwner,
    another: options.anotherOwner ?? false,
  });
  const audit = parts.use(await openAudit({ path: join(dataFolder, 'audit.jsonl'), now }));
  const secrets = createSecrets(await openCipher(join(dataFolder, 'key')));
  const ids = createIds(names);
  const artifacts = createArtifacts({ folder: join(dataFolder, 'artifacts'), log: events.artifact });
  const routes = createRouteTable({ catalog, secrets, runtime });
  const reconcile = { catalog, secrets, ids, names, artifacts, runtime, routes, turns: createTurns() };
  const operations = parts.use(
    createOperations({
      catalog,
      perform: async (operation) => performOperation(operation, reconcile),
      performFailed: failOperation,
      onInternalError: events.operationFailed,
      now,
    }),
  );
  const closing = new AbortController();
  const restorer = createRestorer({ ...reconcile, operations, signal: closing.signal, events });
  const resources = { catalog, secrets, operations, ids, names, location, publicUrl, now };
  await putDatastore(
    {
      name: defaultDatastore,
      body: { properties: { datastoreType: 'Folder', path: defaultDatastoreFolder, isDefault: true } },
      preconditions: {},
    },
    resources,
  );
  const server = await createServer({
    ...resources,
    runtime,
    routes,
    tenantId,
    audit,
    failures: createFailureLimit({ now }),
    onAuditFailed: events.auditFailed,
    defaultDatastoreFolder,
    datastoreChanged: async (name) => restorer.datastoreChanged(name),
    onInternalError: events.requestFailed,
  });
  parts.defer(async () => server.close());
  parts.defer(() => closing.abort());
  const cut = await catalog.transact(async (transaction) => {
    await transaction.forgetOperations(new Date(now() - operationLifeMs).toISOString());
    return transaction.unfinishedOperations();
  });
  await server.listen(listen);
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  void restorer.start(cut);
  events.listening({ port, publicUrl });
  const opened = parts.move();
  return { port, tenantId, close: async () => opened.disposeAsync() };
}
