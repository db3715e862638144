/** From an `azureml://` path to a file or folder of this machine. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { DatastoreError, openDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { parseDatastoreUri } from '@gleaner/protocol';

import type { DatastoreFile } from '../api/datastore.ts';
import { WorkspaceError } from '../errors.ts';
import { exists } from './files.ts';
import { storeConfig } from './store-config.ts';

export interface ArtifactSource {
  uri: string;
  /** What it is, for messages: `model iris:1`. */
  what: string;
  /** The datastore that the URI names, secrets in clear. */
  datastore: DatastoreFile;
}

export interface Artifacts {
  /** An absolute path, where all of it is. Errors: `artifact_missing`, `artifact_unreadable`. */
  locate(source: ArtifactSource): Promise<string>;
}

export interface ArtifactOptions {
  /** Holds copies of what is in other stores than folders: made once, as versions of assets do not change. */
  folder: string;
  log: (line: string) => void;
  open?: (datastore: DatastoreFile) => Promise<Datastore>;
}

export function createArtifacts({ folder, log, open: openStore = openFile }: ArtifactOptions): Artifacts {
  const copying = new Map<string, Promise<number>>();
  const swept = once(async () => removeUnfinished(folder));
  /** One at a time for each target. */
  const copyOnce = async (source: CopySource): Promise<number> => {
    const going = copying.get(source.target);
    if (going !== undefined) return going;
    const copied = swept()
      .then(async () => copy(source))
      .finally(() => copying.delete(source.target));
    copying.set(source.target, copied);
    return copied;
  };
  return {
    async locate({ uri, what, datastore }) {
      const { path } = parseDatastoreUri(uri);
      if (datastore['type'] === 'folder') {
        const found = join(String(datastore['path']), ...path.split('/'));
        if (await exists(found)) return found;
        throw missing(what, uri);
      }
      try {
        await using store = await openStore(datastore);
        const target = join(
          folder,
          createHash('sha256').update(store.url(path)).digest('hex'),
          basename(path),
        );
        if (await exists(target)) return target;
        log(`${what}: reading ${uri}`);
        const count = await copyOnce({ store, path, target });
        if (count === 0) throw missing(what, uri);
        log(`${what}: ${count} files are here`);
        return target;
      } catch (error) {
        if (!(error instanceof DatastoreError)) throw error;
        throw new WorkspaceError('artifact_unreadable', `The ${what} cannot be read: ${error.message}`, {
          cause: error,
          ...(error.fix === undefined ? {} : { fix: error.fix }),
        });
      }
    },
  };
}

async function openFile(datastore: DatastoreFile): Promise<Datastore> {
  return openDatastore(storeConfig(datastore));
}

interface CopySource {
  store: Datastore;
  path: string;
  target: string;
}

const unfinishedName = /^\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return async () => (done ??= work());
}

/** What a process left that was killed while it copied. */
async function removeUnfinished(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  for (const name of await readdir(folder))
    for (const entry of await readdir(join(folder, name)))
      if (unfinishedName.test(entry)) await rm(join(folder, name, entry), { recursive: true, force: true });
}

/** The target appears whole or not at all. Answers how many files there were. */
async function copy({ store, path, target }: CopySource): Promise<number> {
  const unfinished = join(dirname(target), `.${randomUUID()}`);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  let count = 0;
  try {
    if ((await store.length(path)) !== undefined) {
      await copyFile({ store, path, target: unfinished });
      count = 1;
    } else
      for await (const object of store.list(`${path}/`)) {
        const parts = object.path.slice(path.length + 1).split('/');
        const file = join(unfinished, ...parts);
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await copyFile({ store, path: object.path, target: file });
        count++;
      }
    if (count > 0) await rename(unfinished, target);
    return count;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function copyFile({ store, path, target }: CopySource): Promise<void> {
  const file = await open(target, 'wx', 0o600);
  try {
    for await (const bytes of store.read(path)) await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function missing(what: string, uri: string): WorkspaceError {
  return new WorkspaceError('artifact_missing', `The ${what} is not there: ${uri} holds nothing.`, {
    fix: 'See that the path is right, and upload the files again.',
  });
}
