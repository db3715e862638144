import type { CatalogTransaction } from '../catalog/catalog.ts';
import type { Cipher } from './cipher.ts';

/** The secrets of one resource, in one text. */
export interface Secrets {
  read(transaction: CatalogTransaction, resourceId: string): Promise<Readonly<Record<string, string>>>;
  write(
    transaction: CatalogTransaction,
    resourceId: string,
    values: Readonly<Record<string, string>>,
  ): Promise<void>;
}

const name = 'secrets';

export function createSecrets(cipher: Cipher): Secrets {
  return {
    async read(transaction, resourceId) {
      const ciphertext = await transaction.findSecret(resourceId, name);
      if (ciphertext === undefined) return {};
      return JSON.parse(cipher.decrypt(ciphertext, { resourceId, name })) as Record<string, string>;
    },
    async write(transaction, resourceId, values) {
      const ciphertext = cipher.encrypt(JSON.stringify(values), { resourceId, name });
      await transaction.putSecret({ resourceId, name, ciphertext });
    },
  };
}
