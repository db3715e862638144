import { setTimeout as sleep } from 'node:timers/promises';

import type { SpoolPayloadWriter } from '../flow.ts';

export interface WaitingPayloadOptions {
  create(): Promise<SpoolPayloadWriter>;
  /** Told of each failure. */
  onFailed(error: unknown): void;
  /** Nobody waits any more: what fails now has failed. */
  isOver(): boolean;
}

const retryIntervalMs = 200;

/** A file whose bytes are offered to the disk until it takes them: for a sender that is held back meanwhile. */
export async function createWaitingPayload(options: WaitingPayloadOptions): Promise<SpoolPayloadWriter> {
  const writer = await untilDone(() => options.create(), options);
  // A write that failed is made again at the same place.
  return { ...writer, write: (bytes) => untilDone(() => writer.write(bytes), options) };
}

async function untilDone<T>(attempt: () => Promise<T>, options: WaitingPayloadOptions): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      options.onFailed(error);
      if (options.isOver()) throw error;
      await sleep(retryIntervalMs, undefined, { ref: false });
    }
  }
}
