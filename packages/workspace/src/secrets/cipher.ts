import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { WorkspaceError } from '../errors.ts';

/** Encrypts what the catalog keeps of secrets. A text belongs to one name of one resource, and to no other. */
export interface Cipher {
  encrypt(plain: string, owner: SecretOwner): string;
  /** Errors: `secret_unreadable` when the text was made by another key, or for another owner. */
  decrypt(ciphertext: string, owner: SecretOwner): string;
}

export interface SecretOwner {
  resourceId: string;
  name: string;
}

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const version = 'v1';

/** Reads the key of this data folder, and makes it at the first start. Errors: `key_file_invalid`. */
export async function openCipher(keyPath: string): Promise<Cipher> {
  const key = (await readKey(keyPath)) ?? (await makeKey(keyPath));
  return {
    encrypt(plain, owner) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(ownerBytes(owner));
      const sealed = Buffer.concat([
        nonce,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `${version}:${sealed.toString('base64')}`;
    },
    decrypt(ciphertext, owner) {
      try {
        const [given, text = ''] = ciphertext.split(':');
        if (given !== version) throw new Error('made by a newer version');
        const sealed = Buffer.from(text, 'base64');
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
          .setAAD(ownerBytes(owner))
          .setAuthTag(sealed.subarray(-tagBytes));
        const body = sealed.subarray(nonceBytes, -tagBytes);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new WorkspaceError('secret_unreadable', `A secret of ${owner.resourceId} cannot be read.`, {
          cause: error,
          fix: 'Bring back the file "key" that the catalog was written with, or set the secret again.',
        });
      }
    },
  };
}

function ownerBytes({ resourceId, name }: SecretOwner): Buffer {
  return Buffer.from(JSON.stringify([resourceId.toLowerCase(), name]));
}

async function readKey(path: string): Promise<Buffer | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0)
      throw invalidKey(`others may read the key file ${path}`, `Run chmod 600 ${path}.`);
    const key = await readFile(path);
    if (key.byteLength !== keyBytes)
      throw invalidKey(
        `the key file ${path} has ${key.byteLength} bytes, not ${keyBytes}`,
        'Bring back the file.',
      );
    return key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function makeKey(path: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  const unfinished = `${path}.${process.pid}`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(key);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
  const folder = await open(join(dirname(path), '.'));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return key;
}

function invalidKey(what: string, fix: string): WorkspaceError {
  return new WorkspaceError('key_file_invalid', `The secrets of this workspace stay closed: ${what}.`, {
    fix,
  });
}
