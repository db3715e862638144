import { token } from './grammar.ts';
import { problem } from './halt.ts';
import type { Problem } from './halt.ts';

// Thirteen digits are 4 PiB, and still exact as a number.
const size = '([0-9A-Fa-f]{1,13})';
const quoted = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const sizeLine = new RegExp(`^${size}(?:;${token}(?:=(?:${token}|${quoted}))?)*\\r\\n$`);

/**
 * The size that a line such as `1f;name=value CR LF` announces. Extensions are skipped, but have to be well-formed and without
 * the blanks that RFC 9112, section 7.1.1, tolerates for old senders: parsers disagree about all else.
 */
export function parseChunkSize(line: string): number | Problem {
  const digits = sizeLine.exec(line)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 16);
  return problem('chunk_malformed', 'A chunk does not begin with its size and well-formed extensions');
}
