/**
 * Calls of one correlation id close in time may share one line (off by default). What is merged depends on the spool alone,
 * never on when ship happened to look, so that a crash cannot change it: time is cut into slots of `windowMs`, a slot that
 * grows over {@link maxSlotBytes} is cut there, and within a slot the rows of one id and file join in order.
 */
import { contentRange, objectMembers, parseContentRange, readRecordLine } from '@gleaner/protocol';

import type { SpoolSource, SpooledFrame, SpooledRecord } from '../flow.ts';

export const maxSlotBytes = 4 * 1024 * 1024;

/** The frames of the next slot, once it is over; none before. */
export async function readSlot(
  source: Pick<SpoolSource, 'read' | 'sync'>,
  { cut, windowMs, nowMs }: { cut: number; windowMs: number; nowMs: number },
): Promise<SpooledFrame[]> {
  const [first] = await source.read(cut, 1);
  if (first === undefined) return [];
  const slot = Math.floor(first.arrivalMs / windowMs);
  if (nowMs < (slot + 1) * windowMs) return [];
  await source.sync();
  const frames = await source.read(cut, 2 * maxSlotBytes);
  let bytes = 0;
  const end = frames.findIndex((frame) => {
    const full = bytes > maxSlotBytes;
    bytes += frame.kind === 'record' ? frame.line.length : 0;
    return full || Math.floor(frame.arrivalMs / windowMs) !== slot;
  });
  return end < 0 ? frames : frames.slice(0, end);
}

/** The lines of one file's records: rows of one correlation id in one line, at the place of the first. */
export function mergedLines(records: readonly SpooledRecord[]): Uint8Array[] {
  const lines: Uint8Array[] = [];
  const placeOf = new Map<string, number>();
  for (const record of records) {
    const mergeable = record.payload === undefined ? correlationIdOf(record.line) : undefined;
    const place = mergeable === undefined ? undefined : placeOf.get(mergeable);
    const joined = place === undefined ? undefined : joinRows(lines[place], record.line);
    if (place !== undefined && joined !== undefined) lines[place] = joined;
    else {
      if (mergeable !== undefined) placeOf.set(mergeable, lines.length);
      lines.push(record.line);
    }
  }
  return lines;
}

function correlationIdOf(line: Uint8Array): string | undefined {
  const record = readRecordLine(line);
  return record?.data?.[0] === BRACKET ? record.correlationId : undefined;
}

/** The first line with the rows of the second behind its own; `undefined` when the line would grow too long. */
function joinRows(first: Uint8Array | undefined, second: Uint8Array): Uint8Array | undefined {
  const left = first === undefined ? undefined : splitLine(first);
  const right = splitLine(second);
  if (left === undefined || right === undefined) return undefined;
  const total = left.total + right.total - (left.rows === '' || right.rows === '' ? 2 : 1);
  const rows = [left.rows, right.rows].filter((text) => text !== '').join(',');
  const line = Buffer.from(`${left.head}[${rows}]${left.tail.replace(left.range, contentRange(total))}`);
  return line.length > maxSlotBytes ? undefined : line;
}

interface SplitLine {
  head: string;
  /** Rows without the brackets. */
  rows: string;
  tail: string;
  range: string;
  total: number;
}

function splitLine(line: Uint8Array): SplitLine | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length);
  let data: { start: number; end: number } | undefined;
  let range: string | undefined;
  for (const member of objectMembers(line)) {
    if (member.name === 'data') data = member;
    if (member.name === 'contentrange') range = text.toString('utf8', member.start + 1, member.end - 1);
  }
  const total = range === undefined ? undefined : parseContentRange(range)?.total;
  if (data === undefined || range === undefined || total === undefined) return undefined;
  return {
    head: text.toString('utf8', 0, data.start),
    rows: text.toString('utf8', data.start + 1, data.end - 1),
    tail: text.toString('utf8', data.end),
    range,
    total,
  };
}

const BRACKET = '['.charCodeAt(0);
