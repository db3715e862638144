/** What the two sessions of a connection promise and accept. */
import type { ClientSessionOptions, ServerSessionOptions } from 'node:http2';

const common = {
  /** Megabytes that a session may hold, apart from what flow control allows; new streams are refused beyond it. */
  maxSessionMemory: 64,
  /** Whether a request makes sense is for the model server to judge. */
  strictSingleValueFields: false,
  strictFieldWhitespaceValidation: false,
  maxHeaderListPairs: 1000,
};
const maxHeaderListSize = 64 * 1024;

/** As many streams as the model server takes, as long as their windows cannot fill the memory. */
const maxConcurrentStreams = 1000;

/** Clients may be some milliseconds away: a window is what one stream can send in that time. */
const clientWindowBytes = 256 * 1024;

/** Of a connection as a whole: a slow stream must not hold up the others. */
export const connectionWindowBytes = 4 * 1024 * 1024;

export const towardsUpstream: ClientSessionOptions = {
  ...common,
  settings: { enablePush: false, maxHeaderListSize },
};

export function towardsClient(upstreamStreams: number | undefined): ServerSessionOptions {
  return {
    ...common,
    settings: {
      maxHeaderListSize,
      initialWindowSize: clientWindowBytes,
      maxConcurrentStreams: Math.min(upstreamStreams ?? maxConcurrentStreams, maxConcurrentStreams),
    },
  };
}
