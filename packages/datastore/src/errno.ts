import { DatastoreError } from './errors.ts';
import type { DatastoreErrorCode } from './errors.ts';
import { failed } from './failures.ts';

/** Translates what `node:fs` throws about `file`, an absolute path; a {@link DatastoreError} stays itself. */
export function fileFailure(file: string, cause: unknown): DatastoreError {
  const errno = errnoOf(cause);
  const meaning = errno === undefined ? undefined : meanings[errno];
  if (cause instanceof DatastoreError || errno === undefined || meaning === undefined)
    return failed(file, cause);
  const [code, why, fix] = meaning;
  return new DatastoreError(code, `${file}: ${why} (${errno}).`, { cause, fix });
}

/** A link or a special file stands where an object or its folder should be. */
export function notAnObject(file: string): DatastoreError {
  return new DatastoreError('store_path_invalid', `${file} is a symbolic link or no plain file.`, {
    fix: noLinks,
  });
}

/** The errno name of what `node:fs` threw, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

type Meaning = readonly [code: DatastoreErrorCode, why: string, fix: string];

const freeSpace = 'Free space on that disk, or raise the quota or file size limit of the account.';
const giveAccess = 'Let the account this process runs as read and write there.';
const bringBack = 'Mount the disk or make the folder again.';
const otherName = 'Choose a path on which files and folders do not meet, short enough for the file system.';
const noLinks =
  'Links below the root are not followed: mount the disk there, or make the link the root of the store.';

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: ['store_full', 'the disk is full', freeSpace],
  EDQUOT: ['store_full', 'the quota is used up', freeSpace],
  EFBIG: ['store_full', 'the file may not grow any larger', freeSpace],
  EACCES: ['store_permission_denied', 'access was denied', giveAccess],
  EPERM: ['store_permission_denied', 'the operation is not allowed', giveAccess],
  EROFS: ['store_permission_denied', 'the file system is read-only', giveAccess],
  // Missing objects are told apart before; what is left is a root that went away.
  ENOENT: ['store_unreachable', 'the folder is gone', bringBack],
  ENODEV: ['store_unreachable', 'the device is gone', bringBack],
  ENOTCONN: ['store_unreachable', 'the file server is not connected', bringBack],
  EHOSTDOWN: ['store_unreachable', 'the file server is down', bringBack],
  ESTALE: ['store_unreachable', 'the file server forgot the folder', bringBack],
  ETIMEDOUT: ['store_timeout', 'the file server did not answer', bringBack],
  ENOTDIR: ['store_path_invalid', 'a file is where a folder should be', otherName],
  EEXIST: ['store_path_invalid', 'a file is where a folder should be', otherName],
  EISDIR: ['store_path_invalid', 'a folder is where the file should be', otherName],
  ENOTEMPTY: ['store_path_invalid', 'a folder is where the file should be', otherName],
  ENAMETOOLONG: ['store_path_invalid', 'the name is too long for the file system', otherName],
  ELOOP: ['store_path_invalid', 'a symbolic link stands where an object should be', noLinks],
};
