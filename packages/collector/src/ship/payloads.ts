import type { SpooledPayload } from '../flow.ts';
import type { ShipContext } from './context.ts';

/**
 * Stores the bodies beside the lines of a file. Before the lines that name them; storing one again changes nothing.
 *
 * One that is damaged is stored as far as it is there, and told of. Its line stays as it is: what a file holds is a pure function
 * of the spool's frames (decisions/0003), and an earlier attempt may have stored the line.
 */
export async function putPayloads(
  { datastore, source, events, call }: ShipContext,
  { path, collection }: { path: string; collection: string },
  records: Iterable<{ payload: SpooledPayload | undefined }>,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  for (const { payload } of records) {
    if (payload === undefined) continue;
    const { file, name } = payload;
    const storedBytes = await call(async (signal) => {
      const byteLength = await source.payloadBytes(file);
      if (byteLength === undefined) return 0;
      const body = { byteLength, open: () => source.payload(file) };
      await datastore.put(folder + name, body, { signal });
      return byteLength;
    });
    const lostBytes = payload.byteLength - storedBytes;
    if (lostBytes !== 0) events.bodyDamaged({ collection, lostBytes });
  }
}
