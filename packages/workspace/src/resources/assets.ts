import type { CatalogTransaction, StoredResource } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import { parseAssetReference } from './ids.ts';
import type { AssetType, ResourceIds } from './ids.ts';

const words: Record<AssetType, string> = {
  data: 'Data asset',
  models: 'Model',
  environments: 'Environment',
  codes: 'Code asset',
};

/** The version that `reference` names. Errors: `request_invalid`, `resource_not_found`. */
export async function findVersion(
  transaction: CatalogTransaction,
  { reference, type, ids }: { reference: string; type: AssetType; ids: ResourceIds },
): Promise<StoredResource> {
  const { name, version } = parseAssetReference(reference, type, ids);
  const found =
    version === undefined
      ? (await transaction.list(ids.asset(type, name), type)).at(-1)
      : await transaction.find(ids.version(type, { name, version }));
  if (found !== undefined) return found;
  const shown = version === undefined ? name : `${name}:${version}`;
  throw new WorkspaceError('resource_not_found', `${words[type]} ${shown} was not found in this workspace.`, {
    fix: 'Create it first, or write it into the deployment file.',
  });
}
