import type { Datastore } from '@gleaner/datastore';
import { DatastoreError } from '@gleaner/datastore';
import { payloadName } from '@gleaner/protocol';
import type { StoredRecord } from '@gleaner/protocol';
import { nameOf } from './layout.ts';

/** Where the body of a record rests that is not in its line (compat 5.6). */
export type PayloadPlace =
  | { kind: 'found'; path: string; byteLength: number }
  | { kind: 'missing'; url: string }
  | { kind: 'elsewhere'; url: string };

/** The URL of a body beside the line: `dataref`, or `data` with `datainblob`. `data` wins over `dataref` (fixtures `edge/`). */
export function payloadUrl(record: StoredRecord): string | undefined {
  const data = record.data === undefined ? null : (JSON.parse(decoder.decode(record.data)) as unknown);
  if (data === null) return record.dataRef;
  return record.dataInBlob && typeof data === 'string' ? data : undefined;
}

/**
 * Finds the body that `url` names: at its place in this store, or, when the data were copied from somewhere else, in the folder
 * of the record's own file under the name that the record's id gives it.
 */
export async function locatePayload(
  datastore: Datastore,
  url: string,
  { record, file }: { record: StoredRecord; file: string },
): Promise<PayloadPlace> {
  const path = pathBelow(datastore, url);
  const beside = besidePath(url, { record, file });
  for (const candidate of [path, beside]) {
    const byteLength = candidate === undefined ? undefined : await datastore.length(candidate);
    if (candidate !== undefined && byteLength !== undefined) return { kind: 'found', path: candidate, byteLength };
  }
  return { kind: path === undefined ? 'elsewhere' : 'missing', url };
}

/** The path whose URL in this store is `url`; the store itself is asked, so that its encoding and its rules hold. */
function pathBelow(datastore: Datastore, url: string): string | undefined {
  const root = datastore.url('x').slice(0, -1);
  const plain = url.startsWith('file://') ? decoded(URL.parse(url)?.pathname ?? url) : url;
  if (!plain.startsWith(root)) return undefined;
  const rest = plain.slice(root.length);
  return [rest, decoded(rest)].find((path) => urlOf(datastore, path) === plain);
}

function urlOf(datastore: Datastore, path: string): string | undefined {
  try {
    return datastore.url(path);
  } catch (error) {
    // Such as `../other/file`: an address below the root by its text only.
    if (error instanceof DatastoreError && error.code === 'store_path_invalid') return undefined;
    throw error;
  }
}

function besidePath(url: string, { record, file }: { record: StoredRecord; file: string }): string | undefined {
  if (record.id === undefined) return undefined;
  const name = decoded(nameOf(url));
  const own = [true, false].some((json) => payloadName(record.id ?? '', { json }) === name);
  return own ? file.slice(0, -nameOf(file).length) + name : undefined;
}

const decoder = new TextDecoder();

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a plain path that holds a percent sign
  }
}
