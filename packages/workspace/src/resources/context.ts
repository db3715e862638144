import type { Catalog, CatalogTransaction, Operation, StoredResource } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import type { Operations } from '../operations/operations.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { ResourceIds, WorkspaceNames } from './ids.ts';

/** What the resources work with. */
export interface ResourceContext {
  catalog: Catalog;
  secrets: Secrets;
  operations: Operations;
  ids: ResourceIds;
  names: WorkspaceNames;
  location: string;
  /** Without a slash at its end. */
  publicUrl: string;
  now: () => number;
}

/** The etags that a caller sent. */
export interface Preconditions {
  ifMatch?: string;
  ifNoneMatch?: string;
}

export interface Changed {
  stored: StoredResource;
  isNew: boolean;
  operation?: Operation;
}

/** Errors: `etag_mismatch`. */
export function checkPreconditions(
  stored: StoredResource | undefined,
  { ifMatch, ifNoneMatch }: Preconditions,
): void {
  if (ifMatch !== undefined && !matches(ifMatch, stored))
    throw new WorkspaceError('etag_mismatch', 'The resource is not what If-Match says it is.', {
      fix: 'Read it again, and change what it is now.',
    });
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, stored))
    throw new WorkspaceError('etag_mismatch', 'The resource exists, and If-None-Match says it should not.');
}

function matches(header: string, stored: StoredResource | undefined): boolean {
  if (stored === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((etag) => etag.trim().replace(/^W\//, '') === stored.etag);
}

/** Errors: `resource_busy`. */
export function checkIdle(stored: StoredResource | undefined, what: string): void {
  if (stored?.state === 'Creating' || stored?.state === 'Updating') throw busy(stored, what);
  checkNotDeleting(stored, what);
}

/** Errors: `resource_busy`. */
export function checkNotDeleting(stored: StoredResource | undefined, what: string): void {
  if (stored?.state === 'Deleting') throw busy(stored, what);
}

function busy(stored: StoredResource, what: string): WorkspaceError {
  return new WorkspaceError(
    'resource_busy',
    `${what} is being changed already (its state is ${stored.state}): one change at a time.`,
    { fix: 'Wait until it is over; gleaner ml … show tells.', retryable: true },
  );
}

/** Errors: `resource_not_found`, in the words of Azure Resource Manager. */
export async function requireResource(
  transaction: CatalogTransaction,
  id: string,
  context: { names: WorkspaceNames },
): Promise<StoredResource> {
  const stored = await transaction.find(id);
  if (stored === undefined) throw notFound(id, context.names);
  return stored;
}

export function notFound(id: string, { resourceGroup }: WorkspaceNames): WorkspaceError {
  const path = id.split('/providers/').at(-1) ?? id;
  return new WorkspaceError(
    'resource_not_found',
    `The Resource '${path}' under resource group '${resourceGroup}' was not found.`,
  );
}
