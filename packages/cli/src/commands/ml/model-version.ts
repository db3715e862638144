import { isAbsolute, resolve } from 'node:path';
import { modelToRest } from '@gleaner/protocol';
import type { ModelBody, ModelShape } from '@gleaner/protocol';
import type { ModelVersion } from '@gleaner/workspace/api';
import { usageError } from '../../output/failure.ts';
import type { Client } from './client.ts';
import { openArtifact, uploadArtifact } from './upload.ts';
import type { Artifact } from './upload.ts';
import { nextVersion, putVersion, versionPath } from './versions.ts';

/** A model that a file describes, with its files found. */
export interface FoundModel {
  model: ModelShape;
  /** `undefined` for one that lies in a datastore already. */
  artifact: Artifact | undefined;
}

/** Error: `usage_invalid` for a path that is not there. */
export async function findModel(model: ModelShape, folder: string): Promise<FoundModel> {
  const { path } = model;
  if (path === undefined) throw usageError('The model has no path.', 'Write model.path: ./model.');
  if (/^(?:azureml|https?|wasbs?|abfss?):/i.test(path)) return { model, artifact: undefined };
  return { model, artifact: await openArtifact(localPath(path, folder), 'model path') };
}

/** Uploads its files and registers it; without a name it is called by the hash of its files. */
export async function registerModel(client: Client, { model, artifact }: FoundModel): Promise<ModelBody> {
  const hash = artifact?.hash;
  const name = model.name ?? hash ?? 'model';
  const known =
    model.name === undefined ? await client.find<ModelBody>(versionPath('models', name, '1')) : undefined;
  if (known !== undefined) return known;
  const uri = artifact === undefined ? (model.path ?? '') : (await uploadArtifact(client, artifact)).uri;
  const body: ModelVersion & ModelBody = modelToRest(model, uri);
  if (model.version === undefined && model.name !== undefined) {
    const same = await latestWith(client, name, uri);
    if (same !== undefined) return same;
  }
  const version =
    model.version ?? (model.name === undefined ? '1' : await nextVersion(client, 'models', name));
  return putVersion<ModelBody>(client, versionPath('models', name, version), body);
}

/** A path of a file of the user, `file:` before it or not. */
export function localPath(path: string, folder: string): string {
  const plain = path.replace(/^file:(?:\/\/)?/, '');
  return isAbsolute(plain) ? plain : resolve(folder, plain);
}

/** The newest version, where it holds the same files: creating it again makes no other. */
async function latestWith(client: Client, name: string, uri: string): Promise<ModelBody | undefined> {
  const versions = await client
    .find<{ value: ModelBody[] }>(`/models/${encodeURIComponent(name)}/versions`)
    .then((page) => page?.value ?? []);
  const path = uri.slice(uri.indexOf('/datastores/'));
  return versions.filter(({ properties }) => properties.modelUri.endsWith(path)).at(-1);
}
