import { dirname, resolve } from 'node:path';
import { environmentEntity, readEnvironmentFile, requireValue } from '@gleaner/protocol';
import type { EnvironmentBody } from '@gleaner/protocol';
import { listAssets, versionOf } from './asset-list.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';
import { createClient } from './client.ts';
import { findEnvironment, registerEnvironment } from './environment-version.ts';
import { openSource } from './files.ts';
import { printEntity } from './show.ts';
import { versionPath } from './versions.ts';

/** Errors: `usage_invalid`, `resource_file_invalid`, those of the client. */
export async function createEnvironment(options: AssetChange): Promise<void> {
  const client = createClient(options);
  const { name, version, image, condaFile, description } = options;
  // Paths of the command line are relative to where it is typed.
  const conda_file = condaFile === undefined ? undefined : resolve(condaFile);
  const members = { name, version, image, conda_file, description };
  const { source, fileName } = await openSource(options.file, members, options);
  const shape = requireValue(readEnvironmentFile(source, fileName));
  const found = await findEnvironment(shape, options.file === undefined ? '.' : dirname(options.file));
  await printEntity(environmentEntity(await registerEnvironment(client, found)), options);
}

export async function showEnvironment(options: AssetLookup): Promise<void> {
  const client = createClient(options);
  const version = await versionOf(client, 'environments', options);
  const body = await client.get<EnvironmentBody>(versionPath('environments', options.name, version));
  await printEntity(environmentEntity(body), options);
}

export async function listEnvironments(options: AssetSearch): Promise<void> {
  await listAssets(
    {
      type: 'environments',
      list: async (client, path) => (await client.list<EnvironmentBody>(path)).map(environmentEntity),
    },
    options,
  );
}
