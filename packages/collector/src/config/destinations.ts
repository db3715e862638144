import { DatastoreError, checkStorePath } from '@gleaner/datastore';

import type { Destination } from '../flow.ts';

/** As long as the path of a window's file below its collection can be: a body beside its line. */
const longestFile = `2000/01/01/00/00/${'x'.repeat(210)}`;

/**
 * What is wrong with the places of the collections, or `undefined`. Found here, it is told before the first record; found when
 * shipping, it would keep every record of the datastore waiting.
 */
export function checkDestinations(destinations: readonly Destination[]): string | undefined {
  const taken = new Map<string, string>();
  for (const { collection, datastore, path } of destinations) {
    try {
      checkStorePath(`${path}/${longestFile}`);
    } catch (error) {
      if (!(error instanceof DatastoreError)) throw error;
      return `Collection ${collection}: ${error.message}`;
    }
    const place = `${datastore}/${path}`;
    const other = taken.get(place);
    if (other !== undefined)
      return `Collections ${other} and ${collection} have the same data.path: ${place}.`;
    taken.set(place, collection);
  }
  return undefined;
}
