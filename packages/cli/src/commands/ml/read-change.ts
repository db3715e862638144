import { GleanerError } from '@gleaner/protocol';
import type { Client } from './client.ts';

const maxTries = 5;

/**
 * Reads a resource and lets `change` send it back with `ifMatch`; both again when somebody else changed it in between.
 * Error: `etag_mismatch` when that never ends.
 */
export async function readAndChange<Result>(
  client: Client,
  path: string,
  change: (body: unknown, ifMatch: string) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const { body, headers } = await client.send<unknown>({ path });
    try {
      return await change(body, headers.get('etag') ?? '*');
    } catch (error) {
      const isStale = error instanceof GleanerError && error.code === 'etag_mismatch';
      if (!isStale || tries === maxTries) throw error;
    }
  }
}
