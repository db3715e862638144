import { randomUUID } from 'node:crypto';

import { coversScope } from '@gleaner/protocol';

import { usageError } from '../../output/failure.ts';
import { principalIdOf } from '../ad/find-principal.ts';
import type { PrincipalBody } from '../ad/find-principal.ts';
import { createClient } from '../ml/client.ts';
import type { Client } from '../ml/client.ts';
import { printEntities, printEntity } from '../ml/show.ts';
import type { AssignmentChoice, AssignmentFilter, NewAssignment } from './assignment.ts';
import { findRole, listRoles } from './find-role.ts';

interface AssignmentBody {
  id: string;
  name: string;
  properties: {
    roleDefinitionId: string;
    principalId: string;
    principalType: string;
    scope: string;
    description?: string;
    createdOn: string;
  };
}

const provider = '/providers/Microsoft.Authorization/roleAssignments';

/** Errors: `usage_invalid`, those of the client. */
export async function createAssignment(options: NewAssignment): Promise<void> {
  const { assignee, assigneeObjectId, role, name, description } = options;
  const client = createClient(options);
  const who = assigneeObjectId ?? assignee;
  if (who === undefined) throw usageError('Nobody is named.', 'Use --assignee.');
  const principalId = await principalIdOf(client, who);
  const scope = requireScope(options.scope);
  const made = await assign(client, { role, scope, principalId, name, description });
  await printEntity(entity(made, { roleName: (await findRole(client, role)).properties.roleName }), options);
}

export async function listAssignments(options: AssignmentFilter): Promise<void> {
  const client = createClient(options);
  const [found, roles, principals] = [
    await assignmentsOf(client, options),
    await listRoles(client),
    await namesOf(client),
  ];
  const entities = found.map((one) => {
    const { roleDefinitionId, principalId } = one.properties;
    const role = roles.find(({ name }) => name === lastOf(roleDefinitionId));
    const principal = principals.find(({ id }) => id === principalId);
    return entity(one, { roleName: role?.properties.roleName, principalName: principal?.displayName });
  });
  await printEntities(entities, ['principalName', 'roleDefinitionName', 'scope'], options);
}

export async function deleteAssignments(options: AssignmentChoice): Promise<void> {
  const client = createClient(options);
  const { ids, assignee, role, scope } = options;
  if (ids === undefined && assignee === undefined && role === undefined && scope === undefined)
    throw usageError('Nothing says which role assignments.', 'Use --ids, or --assignee, --role and --scope.');
  const chosen = ids ?? (await assignmentsOf(client, options)).map(({ id }) => id);
  if (chosen.length === 0)
    throw usageError('No role assignment is like that.', 'gleaner role assignment list --all');
  for (const id of chosen) await client.send({ method: 'DELETE', path: encoded(requireScope(id)) });
}

export async function assign(
  client: Client,
  draft: {
    role: string;
    scope: string;
    principalId: string;
    name?: string | undefined;
    description?: string | undefined;
  },
): Promise<AssignmentBody> {
  const { role, scope, principalId, name = randomUUID(), description } = draft;
  const { id: roleDefinitionId } = await findRole(client, role);
  const properties = { roleDefinitionId, principalId, description };
  const path = `${encoded(scope)}${provider}/${name}`;
  return (await client.send<AssignmentBody>({ method: 'PUT', path, body: { properties } })).body;
}

/** Without a slash at its end, but for `/`, which is empty then. Error: `usage_invalid`. */
export function requireScope(scope: string): string {
  if (/^(?:\/|(?:\/[^/\s]+)+\/?)$/.test(scope)) return scope.replace(/\/$/, '');
  throw usageError(
    `${JSON.stringify(scope)} is no resource id.`,
    'Write one, such as the id that gleaner ml workspace show prints; / is everything.',
  );
}

async function assignmentsOf(
  client: Client,
  { assignee, role, scope, all, includeInherited }: AssignmentFilter,
): Promise<AssignmentBody[]> {
  const place = all ? '' : requireScope(scope ?? client.workspace);
  const found = await client.list<AssignmentBody>(`${encoded(place)}${provider}`);
  const principalId = assignee === undefined ? undefined : await principalIdOf(client, assignee);
  const wanted = role === undefined ? undefined : (await findRole(client, role)).name;
  return found.filter(({ properties }) => {
    const isHere =
      coversScope(properties.scope, place === '' ? '/' : place) && coversScope(place, properties.scope);
    const isAbove = coversScope(properties.scope, place);
    return (
      (all || isHere || (includeInherited && isAbove)) &&
      (principalId === undefined || properties.principalId === principalId) &&
      (wanted === undefined || lastOf(properties.roleDefinitionId) === wanted)
    );
  });
}

/** Who may see assignments need not see everybody's name. */
async function namesOf(client: Client): Promise<readonly PrincipalBody[]> {
  return client.list<PrincipalBody>('/servicePrincipals').catch(() => []);
}

function entity(
  { id, name, properties }: AssignmentBody,
  { roleName, principalName }: { roleName?: string | undefined; principalName?: string | undefined },
): Record<string, unknown> {
  return { id, name, ...properties, roleDefinitionName: roleName, principalName };
}

function lastOf(id: string): string | undefined {
  return id.split('/').at(-1);
}

function encoded(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
