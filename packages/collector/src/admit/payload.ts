/** The bodies that are too large for memory, on their way into files of the spool. */
import type { DataStatus } from '@gleaner/protocol';

import type { AdmittedEvent, PayloadWriter, SpoolPayloadWriter } from '../flow.ts';
import { mayFitLine } from './record.ts';

/** White space may have made a body look too large: then it comes back into memory, and into its line. */
export function payloadWriter(event: AdmittedEvent, target: SpoolPayloadWriter): PayloadWriter {
  return {
    write: (bytes) => target.write(bytes),
    async finish() {
      if (mayFitLine(event.attributes.contentType, target.scan()))
        return { kind: 'memory', bytes: await target.takeBack() };
      return { kind: 'file', ...(await target.finish()) };
    },
    discard: () => target.discard(),
  };
}

/** For a body that does not go to disk: its event may never be stored, or it cannot be redacted. */
export function countingWriter(status: DataStatus): PayloadWriter {
  let sentBytes = 0;
  return {
    async write(bytes) {
      sentBytes += bytes.length;
    },
    finish: async () => ({ kind: 'absent', sentBytes, status }),
    discard: async () => undefined,
  };
}
