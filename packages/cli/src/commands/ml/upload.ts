import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { openProgress } from '../../output/progress.ts';
import type { Client } from './client.ts';
import { filesOf } from './walk.ts';

const datastore = 'workspaceblobstore';

export interface Upload {
  /** SHA-256, in hex, of names and contents. */
  hash: string;
  /** Where the folder or file is now. */
  uri: string;
}

/** What is to be uploaded: found, and known by its hash. */
export interface Artifact {
  hash: string;
  name: string;
  files: readonly { file: string; path: string }[];
  isFolder: boolean;
}

/** Error: `usage_invalid` when the path is not there. */
export async function openArtifact(path: string, what: string): Promise<Artifact> {
  const files = await filesOf(path, what);
  const name = basename(resolve(path));
  const hash = createHash('sha256');
  for (const { file, path } of files) {
    hash.update(`${path}\0`);
    hash.update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    );
  }
  const isFolder = files.length !== 1 || files[0]?.file !== path;
  return { hash: hash.digest('hex'), name, files, isFolder };
}

/** Puts the files into the workspace's default datastore, below the hash of their content. */
export async function uploadArtifact(
  client: Client,
  { hash, name, files, isFolder }: Artifact,
): Promise<Upload> {
  using progress = openProgress();
  const folder = `LocalUpload/${hash}/${isFolder ? `${name}/` : ''}`;
  let done = 0;
  for (const { file, path } of files) {
    progress.show(`uploading ${name}: ${done++} of ${files.length} files`);
    await client.send({
      method: 'PUT',
      path: `/datastores/${datastore}/files/${`${folder}${path}`.split('/').map(encodeURIComponent).join('/')}`,
      bytes: new Uint8Array(await readFile(file)),
    });
  }
  return { hash, uri: `azureml://datastores/${datastore}/paths/LocalUpload/${hash}/${name}` };
}
