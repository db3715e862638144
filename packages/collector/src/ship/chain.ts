import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { maxLineBytes } from '@gleaner/protocol';

const headBytes = 32;
/** Then the intake has its turn. */
const linesAtOnce = 200;
let scratch: Buffer = Buffer.alloc(64 * 1024);

/** The head of the hash chain (hex) behind `lines`: h(n) = SHA-256(h(n-1) ‖ line n), see `chainNext` of the protocol. */
// /!\ Hot path: one hash call per line, over a buffer that is used again.
export async function extendChain(head: string, lines: readonly Uint8Array[]): Promise<string> {
  let chain = head;
  for (let from = 0; from < lines.length; from += linesAtOnce) {
    if (from > 0) await setImmediate();
    chain = extendAtOnce(chain, lines.slice(from, from + linesAtOnce));
  }
  return chain;
}

function extendAtOnce(head: string, lines: readonly Uint8Array[]): string {
  scratch.write(head, 0, 'hex');
  for (const line of lines) {
    const end = headBytes + line.length;
    if (end > scratch.length) scratch = growTo(end);
    scratch.set(line, headBytes);
    hash('sha256', scratch.subarray(0, end), 'buffer').copy(scratch);
  }
  return scratch.toString('hex', 0, headBytes);
}

function growTo(length: number): Buffer {
  const grown = Buffer.alloc(Math.max(length, headBytes + maxLineBytes));
  scratch.copy(grown, 0, 0, headBytes);
  return grown;
}
