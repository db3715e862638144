import { problem } from './halt.ts';
import type { Problem } from './halt.ts';

/** Thirteen digits are 4 PiB and still exact as a number. */
const sizeLine = /^([0-9A-Fa-f]{1,13})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/;

/** The size a line such as `1f;name=value CR LF` announces; extensions are skipped (RFC 9112, section 7.1.1). */
export function parseChunkSize(line: string): number | Problem {
  const digits = sizeLine.exec(line)?.[1];
  if (digits === undefined)
    return problem('chunk_malformed', 'A chunk does not begin with its size in hexadecimal');
  return Number.parseInt(digits, 16);
}
