/** Values of data type BYTES as JSON text. */
import { isUtf8 } from 'node:buffer';

import { maxDecodedBytes } from './limits.ts';

/**
 * A string when the bytes are UTF-8, otherwise `{"b64":"…"}`, as KServe writes bytes in JSON. `undefined`: the text would
 * be longer than rows may be.
 */
export function bytesText(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return isTooLong(bytes) ? undefined : JSON.stringify(viewOf(bytes).toString());
  return bytes.length > maxBinaryBytes ? undefined : `{"b64":"${viewOf(bytes).toString('base64')}"}`;
}

/** `undefined`: it is not UTF-8. A byte order mark stays. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? viewOf(bytes).toString() : undefined;
}

/** What base64 makes four bytes of three. */
const maxBinaryBytes = (maxDecodedBytes / 4) * 3;

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Counted before it is written: a control character becomes six, and a compressed body can be megabytes of them. */
function isTooLong(bytes: Uint8Array): boolean {
  if (bytes.length <= maxDecodedBytes / 6) return false;
  let length = bytes.length;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x20) length += 5;
    else if (byte === quote || byte === backslash) length += 1;
  }
  return length > maxDecodedBytes;
}

const quote = 0x22;
const backslash = 0x5c;
