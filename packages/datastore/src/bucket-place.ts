import type { StorePlace } from './kind.ts';

/** `<scheme><bucket>/<path>`, such as `s3://bucket/a b`: the path stands there as it is, never percent-encoded. */
export function bucketPlace(address: string, scheme: string): StorePlace | undefined {
  if (!address.startsWith(scheme)) return undefined;
  const [bucket = '', ...parts] = address.slice(scheme.length).split('/');
  return { settings: { bucket }, path: parts.join('/') };
}
