/** Short-lived leave to write below one folder of the default datastore, in the query of an address as with Azure's. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { Catalog } from '../catalog/catalog.ts';
import type { Secrets } from '../secrets/secrets.ts';

export interface UploadGrants {
  /** A query without `?`, good for an hour, for the paths below `folder`. Who has it may write there. */
  issue(folder: string): Promise<string>;
  /** Whether the query lets its bearer write and read `path`. */
  allows(query: Readonly<Record<string, string | undefined>>, path: string): Promise<boolean>;
}

export interface UploadGrantOptions {
  catalog: Catalog;
  secrets: Secrets;
  /** Whose secret the key is. */
  resourceId: string;
  now: () => number;
}

const lifeMs = 3_600_000;

export function createUploadGrants({ catalog, secrets, resourceId, now }: UploadGrantOptions): UploadGrants {
  let key: string | undefined;
  const readKey = async (): Promise<string> =>
    (key ??= await catalog.transact(async (transaction) => {
      const { grantKey } = await secrets.read(transaction, resourceId);
      if (grantKey !== undefined) return grantKey;
      const made = randomBytes(32).toString('base64');
      await secrets.write(transaction, resourceId, { grantKey: made });
      return made;
    }));
  const sign = async (folder: string, expiry: string): Promise<Buffer> =>
    createHmac('sha256', Buffer.from(await readKey(), 'base64'))
      .update(JSON.stringify([folder, expiry]))
      .digest();
  return {
    async issue(folder) {
      const expiry = new Date(now() + lifeMs).toISOString();
      const signature = await sign(folder, expiry);
      // Their client keeps the names that it knows: `si` names the folder.
      return new URLSearchParams({
        sv: '1',
        sr: 'd',
        sp: 'cwl',
        si: folder,
        se: expiry,
        sig: signature.toString('base64'),
      }).toString();
    },
    async allows({ si, se, sig }, path) {
      if (si === undefined || se === undefined || sig === undefined) return false;
      const given = Buffer.from(sig, 'base64');
      const own = await sign(si, se);
      if (given.length !== own.length || !timingSafeEqual(given, own)) return false;
      return Date.parse(se) > now() && path.startsWith(`${si}/`);
    },
  };
}
