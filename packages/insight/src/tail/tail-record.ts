import type { StoredRecord } from '@gleaner/protocol';

export interface TailRecord {
  file: string;
  /** The line as it is stored. */
  bytes: Uint8Array;
  record: StoredRecord;
}
