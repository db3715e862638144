/** Rows that are not all in regular lines, written as lines that are: one row each, bodies from beside their lines in them. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { Datastore } from '@gleaner/datastore';
import { jsonText } from '@gleaner/protocol';
import type { LocalFile } from '../cache/object-cache.ts';
import { finding } from '../findings.ts';
import type { Finding } from '../findings.ts';
import { readFileRows } from '../rows.ts';
import type { Row } from '../rows.ts';
import { maxLineBytes } from './profile.ts';

/** Holds the row id, which here is not that of a row's place in its line. */
export const rowIdKey = 'gleaner_row_id';

const maxKept = 1000;
const flushBytes = 1024 * 1024;

/** Reads the lines of `local`, writes the file at `path`, and says what it found: the first thousand, and how many more. */
export async function writePlainRows(
  source: { datastore: Datastore; object: string; local: LocalFile },
  path: string,
): Promise<Finding[]> {
  const { datastore, object, local } = source;
  const findings: Finding[] = [];
  let more = 0;
  const onFinding = (found: Finding) => {
    if (findings.length < maxKept) findings.push(found);
    else more++;
  };
  const lines = {
    read: () => createReadStream(local.path, { end: local.byteLength - 1, highWaterMark: 256 * 1024 }),
  };
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    await using file = await open(unfinished, 'wx', 0o600);
    let held = '';
    for await (const row of readFileRows(datastore, object, { lines, onFinding })) {
      const line = lineOf(row);
      if (line.length > maxLineBytes / 4) {
        const message = `The row ${row.rowId} has ${line.length} characters; queries leave rows of over 4 MiB out.`;
        onFinding(finding('payload_too_large', { file: object }, message));
        continue;
      }
      held += line;
      if (held.length < flushBytes) continue;
      await file.write(held);
      held = '';
    }
    await file.write(held);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  const [last] = findings.slice(-1);
  if (more > 0 && last !== undefined)
    findings.push(finding(last.code, { file: object }, `${more} more findings in this file.`));
  return findings;
}

function lineOf({ rowId, correlationId, time, columns }: Row): string {
  const members = [`"${rowIdKey}":${jsonText(rowId)}`];
  if (correlationId !== undefined) members.push(`"correlationid":${jsonText(correlationId)}`);
  if (time !== undefined) members.push(`"time":${jsonText(time)}`);
  const row = Array.from(columns, ([name, value]) => `${jsonText(name)}:${value}`);
  return `{${members.join(',')},"data":[{${row.join(',')}}]}\n`;
}
