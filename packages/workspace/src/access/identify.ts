/** Who sends a request, by the token in it. */
import { timingSafeEqual } from 'node:crypto';

import type { Grant } from '@gleaner/protocol';

import type { Catalog, CatalogTransaction } from '../catalog/catalog.ts';
import { allAssignments } from './assignment-records.ts';
import { findCredential, findPrincipal, isExpired } from './principals.ts';
import type { Principal } from './principals.ts';
import { listRoles } from './roles.ts';
import { hashToken } from './tokens.ts';

export interface Caller {
  principal: Principal;
  grants: readonly Grant[];
}

export type Identified = { kind: 'caller'; caller: Caller } | { kind: 'missing' | 'wrong' | 'expired' };

export interface IdentifyContext {
  catalog: Catalog;
  now: () => number;
}

/** Reads an `Authorization` header. What was changed or taken away counts from the next request on. */
export async function identify(
  authorization: string | undefined,
  { catalog, now }: IdentifyContext,
): Promise<Identified> {
  if (authorization === undefined) return { kind: 'missing' };
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined) return { kind: 'wrong' };
  const hash = hashToken(token);
  return catalog.transact(async (transaction): Promise<Identified> => {
    const credential = await findCredential(transaction, hash);
    if (credential === undefined || !isSame(credential.hash, hash)) return { kind: 'wrong' };
    if (isExpired(credential, now())) return { kind: 'expired' };
    const principal = await findPrincipal(transaction, credential.principalId);
    if (principal === undefined) return { kind: 'wrong' };
    return { kind: 'caller', caller: { principal, grants: await grantsOf(transaction, principal.id) } };
  });
}

/** The roles of a principal, and where it has them. */
export async function grantsOf(transaction: CatalogTransaction, principalId: string): Promise<Grant[]> {
  const [assignments, roles] = [await allAssignments(transaction), await listRoles(transaction)];
  const own = assignments.filter((one) => one.principalId === principalId);
  return own.flatMap(({ scope, role }) => {
    const found = roles.find(({ name }) => name.toLowerCase() === role.toLowerCase());
    return found === undefined ? [] : [{ scope, roleName: found.roleName, permissions: found.permissions }];
  });
}

function isSame(stored: string, given: string): boolean {
  const [a, b] = [Buffer.from(stored, 'hex'), Buffer.from(given, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}
