import { dataEntity, dataToRest, readDataFile, requireValue } from '@gleaner/protocol';
import type { DataBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { listAssets, versionOf } from './asset-list.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';
import { createClient } from './client.ts';
import { entitySource, openSource } from './files.ts';
import { applyOverrides } from './overrides.ts';
import type { Overrides } from './overrides.ts';
import { printEntity } from './show.ts';
import { nextVersion, putVersion, versionPath } from './versions.ts';

/** Errors: `usage_invalid`, `resource_file_invalid`, those of the client. */
export async function createData(options: AssetChange): Promise<void> {
  const client = createClient(options);
  const { name, version, type, path, description } = options;
  const { source, fileName } = await openSource(
    options.file,
    { name, version, type, path, description },
    options,
  );
  const file = requireValue(readDataFile(source, fileName));
  if (file.name === undefined) throw usageError('The data asset has no name.', 'Give one with --name.');
  if (!file.path.startsWith('azureml://')) {
    throw usageError(
      `${file.path} lies in no datastore.`,
      'Write azureml://datastores/<datastore>/paths/<path>; gleaner ml datastore create adds a folder as a datastore.',
    );
  }
  const number = file.version ?? (await nextVersion(client, 'data', file.name));
  const body = await putVersion<DataBody>(client, versionPath('data', file.name, number), dataToRest(file));
  await printEntity(dataEntity(body), options);
}

export async function showData(options: AssetLookup): Promise<void> {
  const client = createClient(options);
  const version = await versionOf(client, 'data', options);
  await printEntity(
    dataEntity(await client.get<DataBody>(versionPath('data', options.name, version))),
    options,
  );
}

export async function listData(options: AssetSearch): Promise<void> {
  await listAssets(
    { type: 'data', list: async (client, path) => (await client.list<DataBody>(path)).map(dataEntity) },
    options,
  );
}

export async function updateData(options: AssetLookup & Overrides): Promise<void> {
  const client = createClient(options);
  const path = versionPath('data', options.name, await versionOf(client, 'data', options));
  const entity = applyOverrides(dataEntity(await client.get<DataBody>(path)), options);
  const { source, fileName } = entitySource(entity, `data asset ${options.name}`);
  const file = requireValue(readDataFile(source, fileName));
  await printEntity(dataEntity(await putVersion<DataBody>(client, path, dataToRest(file))), options);
}
