import type { Datastore } from '@gleaner/datastore';
import { readRecordLine } from '@gleaner/protocol';
import type { StoredRecord } from '@gleaner/protocol';
import { finding } from './findings.ts';
import type { Finding, OnFinding } from './findings.ts';
import { readLines } from './lines.ts';
import type { Line } from './lines.ts';

export interface RecordLine {
  file: string;
  line: Line;
  record: StoredRecord;
}

/** Records of one object. What is no record is reported with its line, and never ends the reading (compat 5.9). */
export async function* readRecords(
  datastore: Pick<Datastore, 'read'>,
  file: string,
  onFinding: OnFinding = () => {},
): AsyncGenerator<RecordLine> {
  for await (const line of readLines(datastore, file)) {
    const { record, problem } = recordOf(line, file);
    if (problem !== undefined) onFinding(problem);
    if (record !== undefined) yield { file, line, record };
  }
}

/** The record of a line, and what is wrong with the line; neither for a blank one. */
export function recordOf(line: Line, file: string): { record?: StoredRecord; problem?: Finding } {
  const { bytes } = line;
  const spot = { file, line: line.number };
  if (bytes.length === 0) {
    const message = `The line has ${line.end - line.start} bytes and was passed over.`;
    return { problem: finding('line_too_long', spot, message) };
  }
  const record = readRecordLine(bytes);
  if (record !== undefined) return { record };
  if (bytes.every(isBlank)) return {};
  const first = readRecordLine(bytes.subarray(0, objectEnd(bytes)));
  if (first !== undefined) {
    const message = 'Something stands behind the record; the record was read, the rest was not.';
    return { record: first, problem: finding('line_trailing', spot, message) };
  }
  if (bytes.at(-1) !== LINE_FEED) {
    return { problem: finding('line_cut', spot, 'The last line is not whole.') };
  }
  return { problem: finding('line_broken', spot, 'The line is no JSON object.') };
}

const LINE_FEED = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** End of the object the text begins with, or 0: what the original's reader looks at before it stops. */
function objectEnd(bytes: Uint8Array): number {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === BRACE_OPEN) depth++;
    else if (byte === BRACE_CLOSE && --depth <= 0) return depth === 0 ? i + 1 : 0;
  }
  return 0;
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
