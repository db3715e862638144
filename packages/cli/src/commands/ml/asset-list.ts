import { usageError } from '../../output/failure.ts';
import type { AssetLookup, AssetSearch } from './asset-options.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { printEntities } from './show.ts';
import { latestVersion } from './versions.ts';
import type { AssetType } from './versions.ts';

/** Names with their latest version, or the versions of the name that is given, newest first. */
export async function listAssets(
  { type, list }: { type: AssetType; list: (client: Client, path: string) => Promise<Entity[]> },
  options: AssetSearch,
): Promise<void> {
  const client = createClient(options);
  if (options.name !== undefined) {
    const versions = await list(client, `/${type}/${encodeURIComponent(options.name)}/versions`);
    const shown = versions.toReversed().slice(0, options.maxResults);
    await printEntities(shown, ['name', 'version', 'type', 'path'], options);
    return;
  }
  const names = await client.list<Container>(`/${type}`);
  const shown = names.slice(0, options.maxResults).map(({ id, name, properties }) => ({
    id,
    name,
    latest_version: properties?.latestVersion,
  }));
  await printEntities(shown, ['name', 'latest_version'], options);
}

/** The version that `--version` or `--label` name. Error: `usage_invalid`. */
export async function versionOf(
  client: Client,
  type: AssetType,
  { name, version, label }: AssetLookup,
): Promise<string> {
  if (version !== undefined && label !== undefined) {
    throw usageError('Cannot provide both version and label.', 'Leave one of them out.');
  }
  if (version !== undefined) return version;
  if (label === undefined)
    throw usageError('Must provide either version or label.', 'Write -v 1 or -l latest.');
  if (label !== 'latest') throw usageError(`There is no label ${label}.`, 'Write -l latest.');
  return latestVersion(client, type, name);
}

type Entity = Record<string, unknown>;

interface Container {
  id?: string;
  name?: string;
  properties?: { latestVersion?: string };
}
