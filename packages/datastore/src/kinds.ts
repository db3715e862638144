/** Every kind of store, once. A sixth one is a file like its neighbours and a line here. */
import { azureBlobKind, azureDataLakeKind } from './azure/kind.ts';
import { folderKind } from './folder.ts';
import { gcsKind } from './gcs/gcs.ts';
import type { StoreKind } from './kind.ts';
import { s3Kind } from './s3/s3.ts';

export const storeKinds: readonly StoreKind[] = [
  folderKind,
  azureBlobKind,
  azureDataLakeKind,
  s3Kind,
  gcsKind,
];
