import type { DatastoreConfig } from '@gleaner/datastore';

const timeoutMs = 10_000;
const noticedMs = 3000;

/** How far the store's clock is ahead of ours, in ms; 0 when it is less than a few seconds; `undefined` where it has none of its own. */
export async function clockSkew({
  kind,
  settings,
}: DatastoreConfig): Promise<number | 'unknown' | undefined> {
  const url = kind.clockUrl?.(settings);
  if (url === undefined) return undefined;
  try {
    const sentMs = Date.now();
    // Nobody has to be let in to be told the time.
    const { headers } = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) });
    const storeMs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(storeMs)) return 'unknown';
    // The header has whole seconds, of which half a one is cut off on average, and servers make it ahead of need.
    const skewMs = storeMs + 500 - (sentMs + Date.now()) / 2;
    return Math.abs(skewMs) < noticedMs ? 0 : skewMs;
  } catch {
    return 'unknown';
  }
}
