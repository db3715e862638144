import { DatastoreError } from './errors.ts';

const maxPathBytes = 1024;
const maxPartBytes = 255;
const shownCharacters = 120;
const encoder = new TextEncoder();

/**
 * Throws `store_path_invalid` unless `path` can name an object in every store: parts of 1 to 255 bytes of UTF-8 joined by `/`,
 * 1024 bytes in all (the key length of S3 and GCS), no backslash, control character or lone surrogate, and no part that starts
 * with a dot. Such names are the stores' own (unfinished writes), or those of a neighbour (a spool), and `..` is one of them.
 */
export function checkStorePath(path: string): void {
  const fault = storePathFault(path);
  if (fault === undefined) return;
  const shown = path.length > shownCharacters ? `${path.slice(0, shownCharacters)}…` : path;
  throw new DatastoreError('store_path_invalid', `The store path ${JSON.stringify(shown)} ${fault}.`, {
    fix: 'Name objects by plain parts joined by "/", such as "model_inputs/2025/01/31/23/instance.jsonl".',
  });
}

/** The same for what `list` takes: a path, the start of one, or a folder that ends in `/`; empty means everything. */
export function checkStorePrefix(prefix: string): void {
  if (prefix !== '') checkStorePath(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** What is wrong with `path`, as the end of a sentence, or `undefined`. A listing leaves out what it could not give back. */
export function storePathFault(path: string): string | undefined {
  if (!path.isWellFormed()) return 'is not valid Unicode';
  const byteLength = encoder.encode(path).byteLength;
  if (byteLength > maxPathBytes) return `has ${byteLength} bytes of at most ${maxPathBytes}`;
  if (path.includes('\\')) return 'holds a backslash';
  if (/\p{Cc}/u.test(path)) return 'holds a control character';
  for (const part of path.split('/')) {
    if (part === '') return 'has an empty part';
    if (part.startsWith('.')) return 'has a part that starts with a dot';
    const partBytes = encoder.encode(part).byteLength;
    if (partBytes > maxPartBytes) return `has a part of ${partBytes} bytes of at most ${maxPartBytes}`;
  }
  return undefined;
}
