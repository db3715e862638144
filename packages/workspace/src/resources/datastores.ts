import { isAbsolute } from 'node:path';

import { datastoreFromRest, datastoreTypes } from '../api/datastore.ts';
import { datastore } from '../api/resources.ts';
import type { DatastoreBody } from '../api/resources.ts';
import { storeConfig } from '../artifacts/store-config.ts';
import type { JsonObject, StoredResource } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { withoutAnswered } from './bodies.ts';
import { checkPreconditions, requireResource } from './context.ts';
import type { Preconditions, ResourceContext } from './context.ts';
import { showResource } from './show.ts';

const type = 'datastores';

/** Made at the first start: where records and uploads go unless somebody says otherwise. */
export const defaultDatastore = 'workspaceblobstore';

export async function listDatastores(context: ResourceContext): Promise<JsonObject[]> {
  return context.catalog.transact(async (transaction) =>
    (await transaction.list(context.ids.root, type)).map(showResource),
  );
}

export async function getDatastore(name: string, context: ResourceContext) {
  return context.catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, context.ids.datastore(name), context);
    return { stored, shown: showResource(stored) };
  });
}

/**
 * Secrets go into the catalog encrypted, and are never shown with the datastore. A body without secrets keeps those that are
 * there, as long as the type of the credentials is the same.
 */
export async function putDatastore(
  { name, body, preconditions }: { name: string; body: DatastoreBody; preconditions: Preconditions },
  context: ResourceContext,
): Promise<{ stored: StoredResource; isNew: boolean; shown: JsonObject }> {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name))
    throw invalid(`${JSON.stringify(name)} cannot name a datastore.`, {
      fix: "Take letters, digits, '_' and '-'.",
    });
  const { catalog, ids, secrets } = context;
  return catalog.transact(async (transaction) => {
    const id = ids.datastore(name);
    const before = await transaction.find(id);
    checkPreconditions(before, preconditions);
    const { plain, given } = splitSecrets(body);
    const isSameKind =
      before !== undefined && credentialsType(datastore.parse(before.body)) === credentialsType(plain);
    const kept = isSameKind && Object.keys(given).length === 0 ? await secrets.read(transaction, id) : given;
    checkDatastore(name, { plain, kept });
    const stored = await transaction.put({
      id,
      type,
      parentId: ids.root,
      name,
      body: withoutAnswered(plain),
      state: 'Succeeded',
    });
    await secrets.write(transaction, id, kept);
    return { stored, isNew: before === undefined, shown: showResource(stored) };
  });
}

/** Answers whether it was there. Errors: `resource_in_use`. */
export async function deleteDatastore(name: string, { catalog, ids }: ResourceContext): Promise<boolean> {
  if (name.toLowerCase() === defaultDatastore)
    throw new WorkspaceError('resource_in_use', `${defaultDatastore} is the default of this workspace.`);
  return catalog.transact(async (transaction) => {
    const stored = await transaction.find(ids.datastore(name));
    if (stored === undefined) return false;
    const mark = `/datastores/${stored.name}/paths/`.toLowerCase();
    for (const asset of ['data', 'models', 'codes'])
      for (const user of await transaction.listAll(asset))
        if (JSON.stringify(user.body).toLowerCase().includes(mark))
          throw new WorkspaceError('resource_in_use', `Datastore ${stored.name} is used by ${user.id}.`, {
            fix: 'Delete what uses it first.',
          });
    await transaction.remove(stored.id);
    return true;
  });
}

/** The one place that shows them. */
export async function listSecrets(name: string, context: ResourceContext): Promise<JsonObject> {
  const { catalog, ids, secrets } = context;
  return catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, ids.datastore(name), context);
    const { credentials } = datastore.parse(stored.body).properties;
    const values = await secrets.read(transaction, stored.id);
    return { secretsType: credentials?.credentialsType ?? 'None', ...values };
  });
}

function splitSecrets(body: DatastoreBody): { plain: DatastoreBody; given: Record<string, string> } {
  const { credentials, ...properties } = body.properties;
  if (!credentials) return { plain: body, given: {} };
  const { secrets, ...shown } = credentials;
  const given: Record<string, string> = {};
  if (typeof secrets === 'object' && secrets !== null)
    for (const [key, value] of Object.entries(secrets))
      if (key !== 'secretsType' && typeof value === 'string' && value !== '') given[key] = value;
  return { plain: { ...body, properties: { ...properties, credentials: shown } }, given };
}

function credentialsType({ properties }: DatastoreBody): string {
  return (properties.credentials?.credentialsType ?? 'None').toLowerCase();
}

function checkDatastore(
  name: string,
  { plain, kept }: { plain: DatastoreBody; kept: Record<string, string> },
): void {
  const file = datastoreFromRest({ ...plain, name }, kept);
  if (file === undefined)
    throw invalid(
      `datastoreType is ${JSON.stringify(plain.properties.datastoreType)}; it may be ${datastoreTypes.join(', ')}.`,
    );
  const { kind, settings } = storeConfig(file);
  for (const [key, { form }] of Object.entries(kind.keys)) {
    const value = settings[key];
    if (form === 'path' && value !== undefined && !isAbsolute(value))
      throw invalid(`${key} of datastore ${name} is not an absolute path.`);
  }
}
