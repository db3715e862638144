import type { ObjectBody } from './datastore.ts';
import { DatastoreError } from './errors.ts';

/** The chunks of `body`; `store_failed` at the end when they do not add up to the length it declared. */
export async function* bodyChunks(subject: string, body: ObjectBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  let received = 0;
  for await (const chunk of body.open()) {
    received += chunk.byteLength;
    if (received > body.byteLength) break;
    yield chunk;
  }
  if (received !== body.byteLength) {
    const found = received > body.byteLength ? `at least ${received}` : `${received}`;
    throw new DatastoreError(
      'store_failed',
      `The body for ${subject} has ${found} bytes, not ${body.byteLength}.`,
    );
  }
}
