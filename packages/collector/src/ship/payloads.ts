import type { SpooledPayload } from '../flow.ts';
import type { ShipContext } from './context.ts';

/**
 * Stores the bodies beside the lines of a file. Before the lines that name them; storing one again changes nothing.
 *
 * One that is damaged is stored as far as it is there. Its line stays as it is: what a file holds is a pure function of the
 * spool's frames (decisions/0003), and an earlier attempt may have stored the line. Gives how many bytes each damaged one has
 * lost, to be told of with {@link tellDamages} once the lines are stored: until then all of it may be done again.
 */
export async function putPayloads(
  { datastore, source, call }: ShipContext,
  path: string,
  records: Iterable<{ payload: SpooledPayload | undefined }>,
): Promise<number[]> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const damages: number[] = [];
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
    if (lostBytes !== 0) damages.push(lostBytes);
  }
  return damages;
}

export function tellDamages({ events }: ShipContext, collection: string, damages: readonly number[]): void {
  for (const lostBytes of damages) events.bodyDamaged({ collection, lostBytes });
}
