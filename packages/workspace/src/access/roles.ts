/** Role definitions: those that are always there, and a user's own. */
import { builtInRoles, coversScope } from '@gleaner/protocol';
import type { Role } from '@gleaner/protocol';
import { z } from 'zod';

import type { CatalogTransaction, JsonObject } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import { allAssignments } from './assignment-records.ts';

export const roleType = 'Microsoft.Authorization/roleDefinitions';
export const ownerRole = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

const words = z.array(z.string().min(1)).default([]);
const permission = z.object({ actions: words, notActions: words, dataActions: words, notDataActions: words });

/** `properties` of a custom role, as clients send them. */
export const roleProperties = z.object({
  roleName: z.string().min(1).max(512),
  description: z.string().default(''),
  permissions: z.array(permission).min(1),
  assignableScopes: z.array(z.string().startsWith('/')).min(1),
});
export type RoleProperties = z.infer<typeof roleProperties>;

const roleId = (name: string) => `/providers/${roleType}/${name}`;

export async function listRoles(transaction: CatalogTransaction): Promise<Role[]> {
  const stored = await transaction.listAll(roleType);
  const own = stored.map(({ name, body }) => ({ name, ...roleProperties.parse(body) }));
  return [...builtInRoles, ...own];
}

/** Errors: `resource_not_found`. */
export async function requireRole(transaction: CatalogTransaction, name: string): Promise<Role> {
  const found = (await listRoles(transaction)).find((role) => isNamed(role, name));
  if (found !== undefined) return found;
  throw new WorkspaceError('resource_not_found', `There is no role definition ${JSON.stringify(name)}.`, {
    fix: 'gleaner role definition list shows those that there are.',
  });
}

/** Errors: `request_invalid` for a built-in role, a name that is taken, or scopes where the role is still assigned. */
export async function putRole(
  transaction: CatalogTransaction,
  { name, properties }: { name: string; properties: RoleProperties },
): Promise<{ role: Role; isNew: boolean }> {
  refuseBuiltIn(name);
  const roles = await listRoles(transaction);
  const { roleName, assignableScopes } = properties;
  const twin = roles.find((role) => role.roleName.toLowerCase() === roleName.toLowerCase());
  if (twin !== undefined && !isNamed(twin, name))
    throw new WorkspaceError('resource_exists', `There is a role ${JSON.stringify(twin.roleName)} already.`, {
      fix: 'Take another name, or update that one.',
    });
  const left = (await allAssignments(transaction)).filter(
    ({ role, scope }) =>
      role.toLowerCase() === name.toLowerCase() && !isAssignable({ assignableScopes }, scope),
  );
  if (left.length > 0)
    throw new WorkspaceError(
      'resource_in_use',
      `The role is assigned at ${left[0]?.scope}, which it would leave.`,
      {
        fix: 'Delete that role assignment first.',
      },
    );
  await transaction.put({
    id: roleId(name),
    type: roleType,
    parentId: '/',
    name,
    body: { ...properties },
    state: 'Succeeded',
  });
  return { role: { name, ...properties }, isNew: !roles.some((role) => isNamed(role, name)) };
}

/** False when there is none. Errors: `request_invalid` for a built-in role, `resource_in_use` while it is assigned. */
export async function removeRole(transaction: CatalogTransaction, name: string): Promise<boolean> {
  refuseBuiltIn(name);
  if ((await transaction.find(roleId(name))) === undefined) return false;
  const uses = (await allAssignments(transaction)).filter(
    ({ role }) => role.toLowerCase() === name.toLowerCase(),
  );
  if (uses.length > 0)
    throw new WorkspaceError(
      'resource_in_use',
      `The role is assigned ${uses.length} times, such as at ${uses[0]?.scope}.`,
      {
        fix: 'Delete those role assignments first.',
      },
    );
  await transaction.remove(roleId(name));
  return true;
}

export function isAssignable({ assignableScopes }: Pick<Role, 'assignableScopes'>, scope: string): boolean {
  return assignableScopes.some((above) => coversScope(above, scope));
}

export function showRole(role: Role, subscriptionId: string): JsonObject {
  const { name, ...rest } = role;
  return {
    id: `/subscriptions/${subscriptionId}${roleId(name)}`,
    name,
    type: roleType,
    properties: { ...rest, type: builtInRoles.includes(role) ? 'BuiltInRole' : 'CustomRole' },
  };
}

function isNamed({ name }: Role, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function refuseBuiltIn(name: string): void {
  const found = builtInRoles.find((role) => isNamed(role, name));
  if (found !== undefined)
    throw invalid(`${found.roleName} is a built-in role, and stays as it is.`, {
      fix: 'Make a role of your own.',
    });
}
