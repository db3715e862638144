/** The principal that may do everything: made with the workspace, and never the last to go. */
import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import type { Catalog, CatalogTransaction } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import { allAssignments, putAssignment } from './assignment-records.ts';
import { addCredential, addPrincipal, findPrincipal, listCredentials } from './principals.ts';
import { ownerRole } from './roles.ts';

export interface NewOwner {
  /** Shown once: the catalog has its hash alone. */
  token: string;
  tenantId: string;
}

const tenantPath = '/tenant';
const tenantBody = z.object({ tenantId: z.string() });

export interface EnsureOwnerOptions {
  /** Told before the owner counts: when it throws, or the process is killed meanwhile, the next start makes another one. */
  keep: (owner: NewOwner) => Promise<void>;
  /** Makes one more where there is one: for whoever has the data folder, and lost the token. */
  another?: boolean;
}

/** Makes the owner where there is none, and gives the UUID of this workspace. */
export async function ensureOwner(
  catalog: Catalog,
  { keep, another = false }: EnsureOwnerOptions,
): Promise<string> {
  return catalog.transact(async (transaction) => {
    const stored = await transaction.find(tenantPath);
    const tenantId = stored === undefined ? randomUUID() : tenantBody.parse(stored.body).tenantId;
    if (stored !== undefined && !another) return tenantId;
    const owner = await addPrincipal(transaction, { displayName: 'owner', type: 'Application' });
    const assignment = { scope: '/', role: ownerRole, principalId: owner.id };
    await putAssignment(transaction, { name: randomUUID(), ...assignment });
    const { token } = await addCredential(transaction, owner.id);
    const tenant = { id: tenantPath, type: 'tenant', parentId: '/', name: tenantId };
    await transaction.put({ ...tenant, body: { tenantId }, state: 'Succeeded' });
    await keep({ token, tenantId });
    return tenantId;
  });
}

/** Called at the end of a change that takes access away. Errors: `resource_in_use` when nobody would be left to give it back. */
export async function requireOwner(transaction: CatalogTransaction): Promise<void> {
  for (const { principalId, role, scope } of await allAssignments(transaction)) {
    if (role !== ownerRole || scope !== '/') continue;
    if ((await findPrincipal(transaction, principalId)) === undefined) continue;
    const credentials = await listCredentials(transaction, principalId);
    if (credentials.some(({ expiresAt }) => expiresAt === undefined)) return;
  }
  throw new WorkspaceError('resource_in_use', 'Nobody would be left who may do everything.', {
    fix: 'First assign Owner at scope / to a principal whose key does not expire.',
  });
}
