/** Giving roles, and taking them back. */
import { coversScope } from '@gleaner/protocol';

import type { CatalogTransaction, JsonObject } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';
import {
  allAssignments,
  assignmentId,
  assignmentType,
  findAssignment,
  putAssignment,
} from './assignment-records.ts';
import type { Assignment } from './assignment-records.ts';
import { requireOwner } from './owner.ts';
import { requirePrincipal } from './principals.ts';
import { isAssignable, requireRole, roleType } from './roles.ts';

export interface NewAssignment {
  /** UUID. */
  name: string;
  scope: string;
  /** Id of a role definition, at whatever scope it is written. */
  roleDefinitionId: string;
  principalId: string;
  description?: string | undefined;
}

/** Errors: `resource_not_found` for principal or role, `resource_exists`, `request_invalid` where the role may not be assigned. */
export async function assignRole(
  transaction: CatalogTransaction,
  { name, scope, roleDefinitionId, principalId, description }: NewAssignment,
): Promise<Assignment> {
  const role = await requireRole(transaction, roleDefinitionId.split('/').at(-1) ?? '');
  const principal = await requirePrincipal(transaction, principalId);
  if (!isAssignable(role, scope))
    throw invalid(`The role ${role.roleName} cannot be assigned at ${scope}.`, {
      fix: `Its assignable scopes are ${role.assignableScopes.join(', ')}.`,
    });
  const twin = (await allAssignments(transaction)).find(
    (one) =>
      one.name.toLowerCase() === name.toLowerCase() ||
      (one.scope.toLowerCase() === scope.toLowerCase() &&
        one.role === role.name &&
        one.principalId === principal.id),
  );
  if (twin !== undefined)
    throw new WorkspaceError('resource_exists', `The role assignment exists already: ${twin.id}.`);
  return putAssignment(transaction, {
    name,
    scope,
    role: role.name,
    principalId: principal.id,
    ...(description !== undefined && { description }),
  });
}

/** At a scope, above and below it. */
export async function assignmentsAround(
  transaction: CatalogTransaction,
  scope: string,
): Promise<Assignment[]> {
  const all = await allAssignments(transaction);
  return all.filter((one) => coversScope(one.scope, scope) || coversScope(scope, one.scope));
}

export async function getAssignment(
  transaction: CatalogTransaction,
  { scope, name }: { scope: string; name: string },
): Promise<Assignment> {
  const id = assignmentId(scope, name);
  const found = await findAssignment(transaction, id);
  if (found !== undefined) return found;
  throw new WorkspaceError('resource_not_found', `There is no role assignment ${id}.`);
}

/** Nothing when there is none. Errors: `resource_in_use` for the last owner. */
export async function withdrawRole(
  transaction: CatalogTransaction,
  { scope, name }: { scope: string; name: string },
): Promise<Assignment | undefined> {
  const found = await findAssignment(transaction, assignmentId(scope, name));
  if (found === undefined) return undefined;
  await transaction.remove(found.id);
  await requireOwner(transaction);
  return found;
}

export function showAssignment(
  { id, name, scope, role, principalId, principalType, description, createdAt }: Assignment,
  subscriptionId: string,
): JsonObject {
  const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/${roleType}/${role}`;
  return {
    id,
    name,
    type: assignmentType,
    properties: { roleDefinitionId, principalId, principalType, scope, description, createdOn: createdAt },
  };
}
