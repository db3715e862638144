/** What a captured message may cost, whatever it says of itself. A message beyond is kept as it came. */

/** Of what a compressed message inflates to, and of the rows that a body becomes. */
export const maxDecodedBytes = 32 * 1024 * 1024;

/** Messages of one stream. */
export const maxMessages = 16_384;

/** Tensors of one message: a column each. */
export const maxTensors = 16_384;

/** Dimensions of one tensor; readers refuse JSON that is nested much deeper. */
export const maxDimensions = 64;
