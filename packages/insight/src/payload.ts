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
export function payloadUrl({ data, dataRef, dataInBlob }: StoredRecord): string | undefined {
  if (data === undefined || isNull(data)) return dataRef;
  return dataInBlob && data[0] === QUOTE ? (JSON.parse(decoder.decode(data)) as string) : undefined;
}

/** True for the JSON text `null`. */
export function isNull(text: Uint8Array): boolean {
  return text[0] === LETTER_N;
}

export interface PayloadOf {
  record: StoredRecord;
  /** The file of its line. */
  file: string;
  /** Lengths by path, where a listing is at hand; what is not in it is asked for. */
  listed?: ReadonlyMap<string, number>;
}

/**
 * Finds the body that `url` names: at its place in this store, or, when the data were copied from somewhere else, in the folder
 * of the record's own file under the name that the record's id gives it.
 */
export async function locatePayload(
  datastore: Pick<Datastore, 'url' | 'length'>,
  url: string,
  of: PayloadOf,
): Promise<PayloadPlace> {
  const below = pathBelow(datastore, url);
  for (const path of [below, besidePath(url, of)]) {
    if (path === undefined) continue;
    const byteLength = of.listed?.get(path) ?? (await datastore.length(path));
    if (byteLength !== undefined) return { kind: 'found', path, byteLength };
  }
  return { kind: below === undefined ? 'elsewhere' : 'missing', url };
}

/** The path whose URL in this store is `url`; the store itself is asked, so that its encoding and its rules hold. */
function pathBelow(datastore: Pick<Datastore, 'url'>, url: string): string | undefined {
  const root = datastore.url('x').slice(0, -1);
  const plain = url.startsWith('file://') ? decoded(URL.parse(url)?.pathname ?? url) : url;
  if (!plain.startsWith(root)) return undefined;
  const rest = plain.slice(root.length);
  return [rest, decoded(rest)].find((path) => urlOf(datastore, path) === plain);
}

function urlOf(datastore: Pick<Datastore, 'url'>, path: string): string | undefined {
  try {
    return datastore.url(path);
  } catch (error) {
    // Such as `../other/file`: an address below the root by its text only.
    if (error instanceof DatastoreError && error.code === 'store_path_invalid') return undefined;
    throw error;
  }
}

function besidePath(url: string, { record: { id }, file }: PayloadOf): string | undefined {
  if (id === undefined) return undefined;
  const name = decoded(nameOf(url));
  const own = [true, false].some((json) => payloadName(id, { json }) === name);
  return own ? file.slice(0, -nameOf(file).length) + name : undefined;
}

const QUOTE = 34;
const LETTER_N = 110;
const decoder = new TextDecoder();

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a plain path that holds a percent sign
  }
}
