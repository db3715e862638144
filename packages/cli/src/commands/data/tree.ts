import type { StoredObject } from '@gleaner/datastore';
import { bytesText, visible } from '../../output/cells.ts';

const maxFiles = 1000;

interface Folder {
  folders: Map<string, Folder>;
  files: StoredObject[];
}

/** The files as a tree, folders that hold one folder only on one line with it; the first thousand files. */
export async function treeText(title: string, objects: AsyncIterable<StoredObject>): Promise<string> {
  const root: Folder = { folders: new Map(), files: [] };
  let count = 0;
  let more = 0;
  for await (const object of objects) {
    if (++count > maxFiles) more++;
    else folderOf(root, object.path.split('/').slice(0, -1)).files.push(object);
  }
  const lines = [visible(title), ...linesOf(root, '')];
  if (more > 0) lines.push(`… and ${more} more files`);
  return lines.map((line) => `${line}\n`).join('');
}

function folderOf(root: Folder, parts: readonly string[]): Folder {
  let folder = root;
  for (const part of parts) {
    const inner = folder.folders.get(part) ?? { folders: new Map(), files: [] };
    folder.folders.set(part, inner);
    folder = inner;
  }
  return folder;
}

function* linesOf({ folders, files }: Folder, indent: string): Generator<string> {
  let left = folders.size + files.length;
  const branch = () => (--left > 0 ? ['├─ ', '│  '] : ['└─ ', '   ']);
  for (const [name, folder] of folders) {
    const [own, below] = branch();
    const { path, inner } = withoutSteps(name, folder);
    yield `${indent}${own}${visible(path)}`;
    yield* linesOf(inner, `${indent}${below}`);
  }
  for (const { path, byteLength } of files) {
    const [own] = branch();
    yield `${indent}${own}${visible(path.slice(path.lastIndexOf('/') + 1))}  ${bytesText(byteLength)}`;
  }
}

function withoutSteps(name: string, folder: Folder): { path: string; inner: Folder } {
  const [only, ...others] = folder.folders;
  if (only === undefined || others.length > 0 || folder.files.length > 0)
    return { path: name, inner: folder };
  return withoutSteps(`${name}/${only[0]}`, only[1]);
}
