import type { Datastore } from './datastore.ts';

/**
 * A kind of store, as users name it in `datastores:`. Its file says what it is called, which keys it has and how it is opened;
 * `kinds.ts` lists it. What it needs from a cloud's SDK it imports when it is opened: who uses a folder loads none of them.
 */
export interface StoreKind {
  /** What stands in `type:`. */
  readonly type: string;
  /** One sentence for the reference page. */
  readonly description: string;
  /** By key; a dot leads into a group (`credentials.account_key`). */
  readonly keys: Readonly<Record<string, StoreKey>>;
  /** What an address of this kind of store names, as its `url` gives it, for readers that were told nothing else. */
  readonly fromUrl?: (address: string) => StorePlace | undefined;
  /** Address whose answers carry the store's time, where it has one. */
  readonly clockUrl?: (settings: StoreSettings) => string | undefined;
  /**
   * Makes no call to the store: whether it answers, and whether this identity may write, is for {@link probe} to find out.
   * Errors: `store_settings_invalid` for keys that do not go together.
   */
  open(settings: StoreSettings, context: StoreContext): Promise<Datastore>;
}

export interface StoreKey {
  readonly description: string;
  /** Default: `text`. `path`: of a file or folder, absolute when the store is opened. `flag`: `true` or `false`. */
  readonly form?: 'text' | 'path' | 'flag';
  readonly required?: true;
  /** As it would be written. */
  readonly default?: string;
  /** Never printed, logged or shown. */
  readonly secret?: true;
}

/** A store with the identity of this machine, and a path in it; the path is decoded, and may be empty. */
export interface StorePlace {
  settings: StoreSettings;
  path: string;
}

/** Values by key, as written; defaults are filled in. */
export type StoreSettings = Readonly<Record<string, string>>;

export interface StoreContext {
  /** Which of the identities of this machine writes (`client_id` of a collection); the store's own way to find one otherwise. */
  clientId?: string;
}
