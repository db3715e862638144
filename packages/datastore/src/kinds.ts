/** Every kind of store, once. A sixth one is a file like its neighbours and a line here. */
import { folderKind } from './folder.ts';
import type { StoreKind } from './kind.ts';

export const storeKinds: readonly StoreKind[] = [folderKind];
