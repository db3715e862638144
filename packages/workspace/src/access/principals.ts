/** Who can be given a role: API keys, and the identities of what runs. */
import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import type { CatalogTransaction, StoredResource } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import { dropAssignmentsOf } from './assignment-records.ts';
import { hashToken, makeToken } from './tokens.ts';

export interface Principal {
  /** A UUID. */
  id: string;
  displayName: string;
  /** `Application`: an API key; `ManagedIdentity`: belongs to a resource, and has no key. */
  type: 'Application' | 'ManagedIdentity';
  createdAt: string;
}

export interface Credential {
  keyId: string;
  principalId: string;
  /** ISO 8601; none: does not expire. */
  expiresAt?: string | undefined;
  /** SHA-256 of the token, in hex. */
  hash: string;
}

const principalType = 'servicePrincipals';
const credentialType = 'credentials';
const principalId = (id: string) => `/servicePrincipals/${id}`;
const credentialId = (hash: string) => `/credentials/${hash}`;

const principalBody = z.object({
  displayName: z.string(),
  servicePrincipalType: z.enum(['Application', 'ManagedIdentity']),
});
const credentialBody = z.object({
  keyId: z.string(),
  principalId: z.string(),
  hash: z.string(),
  expiresAt: z.string().optional(),
});

export async function addPrincipal(
  transaction: CatalogTransaction,
  { displayName, type }: Pick<Principal, 'displayName' | 'type'>,
): Promise<Principal> {
  const id = randomUUID();
  const stored = await transaction.put({
    id: principalId(id),
    type: principalType,
    parentId: '/',
    name: id,
    body: { displayName, servicePrincipalType: type },
    state: 'Succeeded',
  });
  return readPrincipal(stored);
}

export async function findPrincipal(
  transaction: CatalogTransaction,
  id: string,
): Promise<Principal | undefined> {
  const stored = await transaction.find(principalId(id));
  return stored === undefined ? undefined : readPrincipal(stored);
}

export async function listPrincipals(transaction: CatalogTransaction): Promise<Principal[]> {
  return (await transaction.list('/', principalType)).map(readPrincipal);
}

/** Errors: `resource_not_found`. */
export async function requirePrincipal(transaction: CatalogTransaction, id: string): Promise<Principal> {
  const found = await findPrincipal(transaction, id);
  if (found !== undefined) return found;
  throw new WorkspaceError('resource_not_found', `There is no principal ${JSON.stringify(id)}.`, {
    fix: 'gleaner ad sp list and gleaner identity list show those that there are.',
  });
}

/** With its keys, which are no good from then on, and its roles. */
export async function removePrincipal(transaction: CatalogTransaction, id: string): Promise<void> {
  await removeCredentials(transaction, id);
  await dropAssignmentsOf(transaction, id);
  await transaction.remove(principalId(id));
}

/** Gives the token, which nobody can read again. */
export async function addCredential(
  transaction: CatalogTransaction,
  owner: string,
  { expiresAt }: { expiresAt?: string | undefined } = {},
): Promise<{ token: string; credential: Credential }> {
  const token = makeToken();
  const hash = hashToken(token);
  const credential: Credential = {
    keyId: randomUUID(),
    principalId: owner,
    hash,
    ...(expiresAt && { expiresAt }),
  };
  await transaction.put({
    id: credentialId(hash),
    type: credentialType,
    parentId: principalId(owner),
    name: credential.keyId,
    body: { ...credential },
    state: 'Succeeded',
  });
  return { token, credential };
}

export async function findCredential(
  transaction: CatalogTransaction,
  hash: string,
): Promise<Credential | undefined> {
  const stored = await transaction.find(credentialId(hash));
  return stored === undefined ? undefined : credentialBody.parse(stored.body);
}

export async function listCredentials(transaction: CatalogTransaction, owner: string): Promise<Credential[]> {
  const stored = await transaction.list(principalId(owner), credentialType);
  return stored.map(({ body }) => credentialBody.parse(body));
}

export async function removeCredentials(transaction: CatalogTransaction, owner: string): Promise<void> {
  for (const { hash } of await listCredentials(transaction, owner))
    await transaction.remove(credentialId(hash));
}

export function isExpired({ expiresAt }: Pick<Credential, 'expiresAt'>, nowMs: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
}

function readPrincipal({ name, body, createdAt }: StoredResource): Principal {
  const { displayName, servicePrincipalType } = principalBody.parse(body);
  return { id: name, displayName, type: servicePrincipalType, createdAt };
}
