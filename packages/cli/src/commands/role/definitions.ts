import { randomUUID } from 'node:crypto';

import { readRoleFile } from '@gleaner/protocol';
import type { RoleFile } from '@gleaner/protocol';

import { usageError } from '../../output/failure.ts';
import { createClient } from '../ml/client.ts';
import type { Client } from '../ml/client.ts';
import { readNamedFile } from '../ml/files.ts';
import { printEntities, printEntity } from '../ml/show.ts';
import type { Target } from '../ml/target.ts';
import { findRole, listRoles, roleProvider } from './find-role.ts';
import type { RoleBody } from './find-role.ts';
import type { DefinitionFile, DefinitionFilter } from './role.ts';

/** Errors: `usage_invalid`, `resource_file_invalid`, those of the client. */
export async function createDefinition(options: DefinitionFile): Promise<void> {
  const client = createClient(options);
  const file = await readDefinition(options.roleDefinition);
  await printEntity(entity(await put(client, { file, name: file.name ?? randomUUID() })), options);
}

export async function updateDefinition(options: DefinitionFile): Promise<void> {
  const client = createClient(options);
  const file = await readDefinition(options.roleDefinition);
  const { name } = await findRole(client, file.name ?? file.roleName);
  await printEntity(entity(await put(client, { file, name })), options);
}

export async function listDefinitions(options: DefinitionFilter): Promise<void> {
  const { name, customRoleOnly } = options;
  const roles = await listRoles(createClient(options));
  const shown = roles.filter(
    ({ properties }) =>
      (name === undefined || properties.roleName.toLowerCase() === name.toLowerCase()) &&
      (!customRoleOnly || properties.type === 'CustomRole'),
  );
  await printEntities(shown.map(entity), ['roleName', 'roleType', 'name', 'description'], options);
}

export async function deleteDefinition(options: Target & { name: string }): Promise<void> {
  const client = createClient(options);
  const role = await findRole(client, options.name);
  await client.send({ method: 'DELETE', path: `${placeOf(role.properties.assignableScopes)}/${role.name}` });
}

async function readDefinition(path: string): Promise<RoleFile> {
  // `az` takes the JSON itself as well.
  if (path.trimStart().startsWith('{')) return readRoleFile(path, '--role-definition');
  const file = path.replace(/^@/, '');
  return readRoleFile(new TextDecoder().decode(await readNamedFile(file, 'role definition')), file);
}

async function put(client: Client, { file, name }: { file: RoleFile; name: string }): Promise<RoleBody> {
  const { roleName, description, permissions, assignableScopes } = file;
  const body = { properties: { roleName, description, permissions, assignableScopes, type: 'CustomRole' } };
  const path = `${placeOf(assignableScopes)}/${name}`;
  return (await client.send<RoleBody>({ method: 'PUT', path, body })).body;
}

/** Where the caller has to be somebody: a role is changed at the first of its scopes. */
function placeOf([scope = '/']: readonly string[]): string {
  if (!scope.startsWith('/'))
    throw usageError(
      `${JSON.stringify(scope)} is no resource id.`,
      'Write it with a slash at its beginning.',
    );
  return `${scope.replace(/\/$/, '')}${roleProvider}`;
}

function entity({ id, name, properties }: RoleBody): Record<string, unknown> {
  const { type: roleType, ...rest } = properties;
  return { id, name, ...rest, roleType };
}
