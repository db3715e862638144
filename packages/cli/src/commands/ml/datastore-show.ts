import { datastoreFromRest } from '@gleaner/workspace/api';
import type { DatastoreBody } from '@gleaner/workspace/api';
import { createClient } from './client.ts';
import { confirm } from './confirm.ts';
import type { NamedDatastore } from './datastore.ts';
import { printEntities, printEntity } from './show.ts';
import type { Target } from './target.ts';

export async function showDatastore(options: NamedDatastore): Promise<void> {
  const path = `/datastores/${encodeURIComponent(options.name)}`;
  await printEntity(datastoreEntity(await createClient(options).get<DatastoreBody>(path)), options);
}

export async function listDatastores(options: Target): Promise<void> {
  const bodies = await createClient(options).list<DatastoreBody>('/datastores');
  await printEntities(bodies.map(datastoreEntity), ['name', 'type', 'description'], options);
}

export async function deleteDatastore(options: NamedDatastore & { yes?: true }): Promise<void> {
  const client = createClient(options);
  const path = `/datastores/${encodeURIComponent(options.name)}`;
  await client.get(path);
  if (!(await confirm(`Forget datastore ${options.name}?`, options))) return;
  await client.send({ method: 'DELETE', path });
}

/** A datastore as its file has it, without secrets, and its id. */
export function datastoreEntity(body: DatastoreBody): Record<string, unknown> {
  const { description, tags } = body.properties;
  return {
    id: body.id,
    name: body.name,
    ...(description && { description }),
    ...(tags && { tags }),
    ...datastoreFromRest(body, {}),
  };
}
