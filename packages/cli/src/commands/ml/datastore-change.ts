import { dirname, isAbsolute, resolve } from 'node:path';
import { datastoreToRest } from '@gleaner/workspace/api';
import type { DatastoreBody } from '@gleaner/workspace/api';
import { usageError } from '../../output/failure.ts';
import { createClient } from './client.ts';
import { datastoreEntity } from './datastore-show.ts';
import type { DatastoreChange } from './datastore.ts';
import { readMembers } from './files.ts';
import { applyOverrides } from './overrides.ts';
import { printEntity } from './show.ts';

/** Errors: `usage_invalid`, those of the client. */
export async function createDatastore(options: DatastoreChange): Promise<void> {
  await put(await membersOf(options), options);
}

export async function updateDatastore(options: DatastoreChange): Promise<void> {
  const members = options.file === undefined ? {} : await membersOf(options);
  const name = options.name ?? members['name'];
  if (typeof name !== 'string') throw usageError('Which datastore? Give --name, or --file.');
  const before = await createClient(options).get<DatastoreBody>(`/datastores/${encodeURIComponent(name)}`);
  await put({ ...datastoreEntity(before), ...members, name }, options);
}

async function put(members: Record<string, unknown>, options: DatastoreChange): Promise<void> {
  const file: Record<string, unknown> = applyOverrides(
    { ...members, ...(options.name !== undefined && { name: options.name }) },
    options,
  );
  const { name, type } = file;
  if (typeof name !== 'string') throw usageError('The datastore has no name.', 'Give one with --name.');
  if (typeof type !== 'string')
    throw usageError('The datastore has no type.', 'Write type: folder, azure_blob, s3 or gcs.');
  const path = `/datastores/${encodeURIComponent(name)}`;
  const { body } = await createClient(options).send<DatastoreBody>({
    method: 'PUT',
    path,
    body: datastoreToRest(name, file),
  });
  await printEntity(datastoreEntity(body), options);
}

/** Paths of a file are relative to it. */
async function membersOf({ file }: DatastoreChange): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const members = await readMembers(file);
  for (const key of ['path', 'credentials_file']) {
    const path = members[key];
    if (typeof path === 'string' && !isAbsolute(path)) members[key] = resolve(dirname(file), path);
  }
  return members;
}
