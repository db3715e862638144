import type { DatastoreConfig } from '@gleaner/datastore';

const timeoutMs = 10_000;

/** How far the store's clock is ahead of ours, in ms, to the second; `undefined` where it has none of its own. */
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
    // The header has whole seconds: on average half of one is cut off.
    const skewMs = storeMs + 500 - (sentMs + Date.now()) / 2;
    return Math.abs(skewMs) < 1000 ? 0 : skewMs;
  } catch {
    return 'unknown';
  }
}
