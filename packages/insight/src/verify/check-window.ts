import { hash } from 'node:crypto';
import type { Datastore } from '@gleaner/datastore';
import { chainNext, chainStart, manifestName } from '@gleaner/protocol';
import type { Manifest } from '@gleaner/protocol';
import { finding } from '../findings.ts';
import type { FindingCode, OnFinding } from '../findings.ts';
import { isDataFile, nameOf } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import { readLines } from '../lines.ts';
import { recordOf } from '../records.ts';
import type { RecordLine } from '../records.ts';
import { readSeals } from '../seals.ts';
import type { Seal } from '../seals.ts';
import { addCounts, noCounts } from './report.ts';
import type { VerifyCounts } from './report.ts';

export interface WindowCheck {
  datastore: Datastore;
  window: CollectedWindow;
  /** Length by path of what the window's folder holds. */
  lengths: ReadonlyMap<string, number>;
  onFinding: OnFinding;
  onRecord: (entry: RecordLine, seal: Manifest | undefined) => Promise<void>;
  /** Told of each data file that no manifest covers. */
  onOpenFile: (file: string) => void;
}

/** Reads the window once and holds its lines against its manifests. `stored` is the number of records, repeated ones included. */
export async function checkWindow(check: WindowCheck): Promise<{ counts: VerifyCounts; seals: Seal[] }> {
  const { datastore, window, lengths } = check;
  const { seals, problems } = await readSeals(datastore, window);
  problems.forEach(check.onFinding);
  const files = [...lengths.keys()].filter(isDataFile);
  const counts = { ...noCounts(), windows: 1, files: files.length };
  let openRecords = 0;
  let openFiles = 0;
  for (const seal of seals) {
    const sealed = await checkSeal(check, seal);
    addCounts(counts, sealed.counts);
    openRecords += sealed.openRecords;
  }
  const claimed = new Set(
    seals.flatMap(({ manifest }) => manifest.files.map(({ name }) => window.path + name)),
  );
  for (const file of files.filter((file) => !claimed.has(file))) {
    openFiles++;
    check.onOpenFile(file);
    openRecords += (await readFile(check, { file, end: lengths.get(file) ?? 0, sealedEnd: 0 })).openRecords;
  }
  counts.accepted += openRecords;
  counts.stored += openRecords;
  counts.sealedWindows = openFiles === 0 && openRecords === 0 ? 1 : 0;
  return { counts, seals };
}

async function checkSeal(
  check: WindowCheck,
  { path, manifest }: Seal,
): Promise<{ counts: VerifyCounts; openRecords: number }> {
  const report = (code: FindingCode, message: string) =>
    check.onFinding(finding(code, { file: path }, message));
  checkPlace(check, { path, manifest });
  for (const problem of contradictions(manifest)) report('manifest_inconsistent', problem);
  let chain = chainStart;
  let records = 0;
  let openRecords = 0;
  let whole = true;
  for (const { name, bytes } of manifest.files) {
    const file = check.window.path + name;
    const end = await lengthNow(check, { file, atLeast: bytes });
    if (end === undefined) report('file_missing', `The manifest covers ${name}, which is not there.`);
    else if (end < bytes) report('file_short', `${name} has ${end} bytes of ${bytes} sealed ones.`);
    whole &&= end !== undefined && end >= bytes;
    if (end === undefined) continue;
    const read = await readFile(check, { file, end, sealedEnd: bytes, chain, manifest });
    chain = read.chain;
    records += read.records;
    openRecords += read.openRecords;
  }
  if (whole && Buffer.from(chain).toString('hex') !== manifest.chain) {
    const names = manifest.files.map(({ name }) => name).join(', ');
    const message = `The lines of ${names} are not those that were sealed (${records} records where ${manifest.lines} lines were).`;
    report('chain_mismatch', message);
  }
  const { kept: accepted, lines, seen, dropped } = manifest;
  const missing = Math.max(0, lines - records);
  return { counts: { ...noCounts(), accepted, stored: records, missing, seen, dropped }, openRecords };
}

/** Length of a sealed file. The listing may be older than the manifest: a file that looks short is asked for again. */
async function lengthNow(
  { datastore, lengths }: WindowCheck,
  { file, atLeast }: { file: string; atLeast: number },
): Promise<number | undefined> {
  const listed = lengths.get(file);
  return listed !== undefined && listed >= atLeast ? listed : datastore.length(file);
}

function checkPlace(
  { window, onFinding }: WindowCheck,
  { path, manifest }: Pick<Seal, 'path' | 'manifest'>,
): void {
  if (manifest.window === window.window && manifestName(manifest.instance) === nameOf(path)) return;
  const message = `The manifest is that of ${manifest.instance} in ${manifest.window}.`;
  onFinding(finding('manifest_misplaced', { file: path }, message));
}

function contradictions({ files, lines, bytes, seen, kept, dropped }: Manifest): string[] {
  const sum = (key: 'lines' | 'bytes') => files.reduce((total, file) => total + file[key], 0);
  const droppedInAll = Object.values(dropped).reduce((total, count) => total + count, 0);
  const problems: string[] = [];
  if (sum('lines') !== lines) problems.push(`Its files have ${sum('lines')} lines, but it says ${lines}.`);
  if (sum('bytes') !== bytes) problems.push(`Its files have ${sum('bytes')} bytes, but it says ${bytes}.`);
  // Several records may share a line (compat 5.8), so `kept` may be more than `lines`.
  if (kept < lines) problems.push(`It kept ${kept} records, but has ${lines} lines.`);
  if (seen !== kept + droppedInAll)
    problems.push(`It saw ${seen} records, kept ${kept} and dropped ${droppedInAll}.`);
  return problems;
}

interface FileRead {
  /** Head of the chain behind the sealed lines. */
  chain: Uint8Array;
  records: number;
  /** Records behind the sealed part. */
  openRecords: number;
}

async function readFile(
  { datastore, onFinding, onRecord }: WindowCheck,
  {
    file,
    end,
    sealedEnd,
    chain = chainStart,
    manifest,
  }: { file: string; end: number; sealedEnd: number; chain?: Uint8Array; manifest?: Manifest },
): Promise<FileRead> {
  const read: FileRead = { chain, records: 0, openRecords: 0 };
  for await (const line of readLines(datastore, file, { end })) {
    const sealed = line.end <= sealedEnd;
    if (sealed) read.chain = chainNext(read.chain, line.bytes, sha256);
    const { record, problem } = recordOf(line, file);
    if (problem !== undefined) onFinding(problem);
    if (record === undefined) continue;
    if (record.id === undefined || record.type === undefined || !record.attributes.has('source')) {
      const message = 'The line is a JSON object without "id", "source" or "type".';
      onFinding(finding('record_incomplete', { file, line: line.number }, message));
      continue;
    }
    if (sealed) read.records++;
    else read.openRecords++;
    await onRecord({ file, line, record }, sealed ? manifest : undefined);
  }
  return read;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
