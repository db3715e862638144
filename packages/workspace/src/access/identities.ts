/** User-assigned identities: what runs can act as one of them. */
import { z } from 'zod';

import type { CatalogTransaction, JsonObject, StoredResource } from '../catalog/catalog.ts';
import { invalid } from '../errors.ts';
import { requireOwner } from './owner.ts';
import { addPrincipal, removePrincipal } from './principals.ts';

export const identityType = 'Microsoft.ManagedIdentity/userAssignedIdentities';

const texts = z.record(z.string(), z.string());
export const identityBody = z.object({ location: z.string().optional(), tags: texts.nullish() });
const storedBody = identityBody.extend({ principalId: z.string() });

export interface NewIdentity {
  /** Id of its resource group. */
  group: string;
  name: string;
  body: z.infer<typeof identityBody>;
  tenantId: string;
}

/** Makes it with a principal of its own, or changes its tags. */
export async function putIdentity(
  transaction: CatalogTransaction,
  { group, name, body, tenantId }: NewIdentity,
): Promise<{ isNew: boolean; shown: JsonObject }> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/.test(name))
    throw invalid(`${JSON.stringify(name)} cannot name an identity.`, {
      fix: "Take 3 to 128 letters, digits, '-' and '_', the first a letter or digit.",
    });
  const id = identityId(group, name);
  const before = await transaction.find(id);
  const principalId =
    before === undefined
      ? (await addPrincipal(transaction, { displayName: name, type: 'ManagedIdentity' })).id
      : storedBody.parse(before.body).principalId;
  const { location, tags } = body;
  const stored = await transaction.put({
    id,
    type: identityType,
    parentId: group,
    name,
    body: { ...(location !== undefined && { location }), tags: tags ?? {}, principalId },
    state: 'Succeeded',
  });
  return { isNew: before === undefined, shown: showIdentity(stored, tenantId) };
}

export async function findIdentity(
  transaction: CatalogTransaction,
  { group, name }: { group: string; name: string },
): Promise<StoredResource | undefined> {
  return transaction.find(identityId(group, name));
}

export async function listIdentities(
  transaction: CatalogTransaction,
  group: string,
): Promise<StoredResource[]> {
  return transaction.list(group, identityType);
}

/** With its roles. False when there is none. */
export async function removeIdentity(
  transaction: CatalogTransaction,
  place: { group: string; name: string },
): Promise<boolean> {
  const stored = await findIdentity(transaction, place);
  if (stored === undefined) return false;
  await removePrincipal(transaction, storedBody.parse(stored.body).principalId);
  await transaction.remove(stored.id);
  await requireOwner(transaction);
  return true;
}

export function showIdentity({ id, name, body }: StoredResource, tenantId: string): JsonObject {
  const { principalId, ...rest } = storedBody.parse(body);
  // One id is both: there is no directory of applications behind it.
  return {
    ...rest,
    id,
    name,
    type: identityType,
    properties: { principalId, clientId: principalId, tenantId },
  };
}

function identityId(group: string, name: string): string {
  return `${group}/providers/${identityType}/${name}`;
}
