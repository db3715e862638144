/**
 * Keep or drop is decided by the correlation id alone, so that inputs, outputs, request, response, retries and instances
 * agree (design rule 5): keep when this fraction is below the sampling rate.
 *
 * `sha256Digest` is SHA-256 of the correlation id in UTF-8; the fraction is its first 48 bits, big-endian, over 2^48: 0 ≤ f < 1.
 */
export function samplingFraction(sha256Digest: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < 6; i++) bits = bits * 256 + (sha256Digest[i] ?? 0);
  return bits / 0x1000000000000;
}
