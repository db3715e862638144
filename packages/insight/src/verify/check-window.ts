import { hash } from 'node:crypto';
import type { Datastore } from '@gleaner/datastore';
import { chainNext, chainStart, manifestName } from '@gleaner/protocol';
import type { Manifest, ManifestFile } from '@gleaner/protocol';
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
  onFinding: OnFinding;
  /** Every record of the window; `stored` counts those for which it does not say `duplicate`. */
  onRecord: (entry: RecordLine) => Promise<void>;
}

/** Reads the window once and holds its lines against its manifests. `stored` is the number of records, repeated ones included. */
export async function checkWindow(check: WindowCheck): Promise<{ counts: VerifyCounts; seals: Seal[] }> {
  const { datastore, window, onFinding } = check;
  const { seals, problems } = await readSeals(datastore, window);
  problems.forEach(onFinding);
  const lengths = new Map(window.objects.map(({ path, byteLength }) => [nameOf(path), byteLength]));
  const names = [...lengths.keys()].filter(isDataFile);
  const counts = { ...noCounts(), windows: 1, files: names.length };
  let openRecords = 0;
  let openFiles = 0;
  for (const seal of seals) {
    const sealed = await checkSeal(check, seal, lengths);
    addCounts(counts, sealed.counts);
    openRecords += sealed.openRecords;
  }
  const claimed = new Set(seals.flatMap(({ manifest }) => manifest.files.map((file) => file.name)));
  for (const name of names.filter((name) => !claimed.has(name))) {
    openFiles++;
    openRecords += (await readFile(check, { name, end: lengths.get(name) ?? 0, sealedEnd: 0 })).openRecords;
  }
  counts.accepted += openRecords;
  counts.stored += openRecords;
  counts.sealedWindows = openFiles === 0 && openRecords === 0 ? 1 : 0;
  return { counts, seals };
}

async function checkSeal(
  check: WindowCheck,
  { path, manifest }: Seal,
  lengths: ReadonlyMap<string, number>,
): Promise<{ counts: VerifyCounts; openRecords: number }> {
  const report = (code: FindingCode, message: string) => check.onFinding(finding(code, { file: path }, message));
  checkPlace(check, { path, manifest });
  for (const problem of contradictions(manifest)) report('manifest_inconsistent', problem);
  let chain = chainStart;
  let records = 0;
  let openRecords = 0;
  let whole = true;
  for (const file of manifest.files) {
    const end = await lengthNow(check, file, lengths);
    if (end === undefined) report('file_missing', `The manifest covers ${file.name}, which is not there.`);
    else if (end < file.bytes) report('file_short', `${file.name} has ${end} bytes of ${file.bytes} sealed ones.`);
    whole &&= end !== undefined && end >= file.bytes;
    if (end === undefined) continue;
    const read = await readFile(check, { name: file.name, end, sealedEnd: file.bytes, chain });
    chain = read.chain;
    records += read.records;
    openRecords += read.openRecords;
  }
  if (whole && Buffer.from(chain).toString('hex') !== manifest.chain) {
    const message = `The lines are not those that were sealed (${records} records where ${manifest.lines} lines were).`;
    report('chain_mismatch', message);
  }
  const { kept: accepted, lines, seen, dropped } = manifest;
  const missing = Math.max(0, lines - records);
  return { counts: { ...noCounts(), accepted, stored: records, missing, seen, dropped }, openRecords };
}

/** Length of a sealed file. The listing is older than the manifest may be: a file that looks short is asked for again. */
async function lengthNow(
  { datastore, window }: WindowCheck,
  file: ManifestFile,
  lengths: ReadonlyMap<string, number>,
): Promise<number | undefined> {
  const listed = lengths.get(file.name);
  return listed !== undefined && listed >= file.bytes ? listed : datastore.length(window.path + file.name);
}

function checkPlace({ window, onFinding }: WindowCheck, { path, manifest }: Pick<Seal, 'path' | 'manifest'>): void {
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
  if (seen !== kept + droppedInAll) problems.push(`It saw ${seen} records, kept ${kept} and dropped ${droppedInAll}.`);
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
  { datastore, window, onFinding, onRecord }: WindowCheck,
  { name, end, sealedEnd, chain = chainStart }: { name: string; end: number; sealedEnd: number; chain?: Uint8Array },
): Promise<FileRead> {
  const file = window.path + name;
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
    await onRecord({ file, line, record });
  }
  return read;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
