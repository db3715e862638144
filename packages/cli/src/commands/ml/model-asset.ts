import { dirname, resolve } from 'node:path';
import { modelEntity, readModelFile, requireValue } from '@gleaner/protocol';
import type { ModelBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { listAssets, versionOf } from './asset-list.ts';
import type { AssetChange, AssetLookup, AssetSearch } from './asset-options.ts';
import { createClient } from './client.ts';
import { openSource } from './files.ts';
import { findModel, localPath, registerModel } from './model-version.ts';
import { printEntity } from './show.ts';
import { versionPath } from './versions.ts';

/** Errors: `usage_invalid`, `resource_file_invalid`, those of the client. */
export async function createModel(options: AssetChange): Promise<void> {
  const client = createClient(options);
  const { name, version, type, description } = options;
  // Paths of the command line are relative to where it is typed.
  const path =
    options.path === undefined || options.path.startsWith('azureml:')
      ? options.path
      : localPath(options.path, resolve('.'));
  const members = { name, version, type, path, description };
  const { source, fileName } = await openSource(options.file, members, options);
  const model = requireValue(readModelFile(source, fileName));
  if (model.name === undefined) throw usageError('The model has no name.', 'Give one with --name.');
  const found = await findModel(model, options.file === undefined ? '.' : dirname(options.file));
  await printEntity(modelEntity(await registerModel(client, found)), options);
}

export async function showModel(options: AssetLookup): Promise<void> {
  const client = createClient(options);
  const version = await versionOf(client, 'models', options);
  const body = await client.get<ModelBody>(versionPath('models', options.name, version));
  await printEntity(modelEntity(body), options);
}

export async function listModels(options: AssetSearch): Promise<void> {
  await listAssets(
    { type: 'models', list: async (client, path) => (await client.list<ModelBody>(path)).map(modelEntity) },
    options,
  );
}
