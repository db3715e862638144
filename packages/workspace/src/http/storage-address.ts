/** Where clients of Azure find the default datastore: they make the address of a store from its account's name. */
import { defaultDatastore } from '../resources/datastores.ts';

/** In the place of `core.windows.net`. */
export const storageSuffix = 'gleaner';

const account = '/storage/local';
const container = `${account}.blob.${storageSuffix}/${defaultDatastore}`;

/** Of the routes that serve it. */
export const containerRoute = container;

/** Their client asks `https://<account name>.blob.<suffix>/<container>`. */
export function accountName(address: string): string {
  return `${address.replace(/^https?:\/\//, '')}${account}`;
}

export function blobUrl(address: string, path: string): string {
  return `${address}${container}/${path}`;
}

/** The path in the default datastore of such an address, whatever host it names: only ours has such paths. */
export function blobPath(url: string): string | undefined {
  const pathname = URL.parse(url)?.pathname;
  if (pathname === undefined || !pathname.startsWith(`${container}/`)) return undefined;
  return decodeURIComponent(pathname.slice(container.length + 1));
}
