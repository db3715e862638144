/** Role assignments as the catalog has them. */
import { z } from 'zod';

import type { CatalogTransaction, StoredResource } from '../catalog/catalog.ts';

export interface Assignment {
  id: string;
  name: string;
  /** In the form that it was written; `/` is above all. */
  scope: string;
  /** UUID of the role. */
  role: string;
  principalId: string;
  principalType: 'ServicePrincipal';
  description?: string | undefined;
  createdAt: string;
}

export const assignmentType = 'Microsoft.Authorization/roleAssignments';

const body = z.object({
  scope: z.string(),
  role: z.string(),
  principalId: z.string(),
  description: z.string().optional(),
});

export function assignmentId(scope: string, name: string): string {
  return `${scope === '/' ? '' : scope}/providers/${assignmentType}/${name}`;
}

export async function putAssignment(
  transaction: CatalogTransaction,
  { name, ...rest }: z.infer<typeof body> & { name: string },
): Promise<Assignment> {
  const stored = await transaction.put({
    id: assignmentId(rest.scope, name),
    type: assignmentType,
    parentId: rest.scope,
    name,
    body: rest,
    state: 'Succeeded',
  });
  return readAssignment(stored);
}

export async function findAssignment(
  transaction: CatalogTransaction,
  id: string,
): Promise<Assignment | undefined> {
  const stored = await transaction.find(id);
  return stored?.type === assignmentType ? readAssignment(stored) : undefined;
}

export async function allAssignments(transaction: CatalogTransaction): Promise<Assignment[]> {
  return (await transaction.listAll(assignmentType)).map(readAssignment);
}

export async function dropAssignmentsOf(transaction: CatalogTransaction, principalId: string): Promise<void> {
  for (const { id } of (await allAssignments(transaction)).filter((one) => one.principalId === principalId))
    await transaction.remove(id);
}

function readAssignment(stored: StoredResource): Assignment {
  const { id, name, createdAt } = stored;
  return { id, name, createdAt, principalType: 'ServicePrincipal', ...body.parse(stored.body) };
}
