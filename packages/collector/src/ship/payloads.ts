import type { SpooledPayload } from '../flow.ts';
import type { ShipContext } from './context.ts';

/** Stores the bodies beside the lines of a file. Before the lines that name them; storing one again changes nothing. */
export async function putPayloads(
  { datastore, source, call }: ShipContext,
  path: string,
  records: Iterable<{ payload: SpooledPayload | undefined }>,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  for (const { payload } of records) {
    if (payload === undefined) continue;
    const body = { byteLength: payload.byteLength, open: () => source.payload(payload.file) };
    await call((signal) => datastore.put(folder + payload.name, body, { signal }));
  }
}
