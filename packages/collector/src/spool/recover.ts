/**
 * What a spool holds when it is opened: every frame up to the first bad one of each segment. Bad bytes are kept aside, never
 * thrown away; length, checksum and sequence decide, never the size of a file.
 */
import { join } from 'node:path';

import type { SpooledFrame } from '../flow.ts';
import type { SpoolFile, SpoolFiles } from '../files.ts';
import { Segment, checkHeader, newerVersion, segmentHeaderBytes, segmentIndex } from './segment.ts';

export interface Recovery {
  /** Oldest first; none of them is written to again. */
  segments: Segment[];
  damagedBytes: number;
  /** Where the bad bytes went. */
  keptAside: string[];
}

export interface RecoverOptions {
  files: SpoolFiles;
  folder: string;
  damagedFolder: string;
  onFrame(frame: SpooledFrame, retryKey: string | undefined): void;
}

/** Errors: `spool_version_unsupported`, before anything was changed in that segment. */
export async function recoverSegments(options: RecoverOptions): Promise<Recovery> {
  const recovery: Recovery = { segments: [], damagedBytes: 0, keptAside: [] };
  const names = (await options.files.list(options.folder)).sort();
  for (const name of names) {
    const index = segmentIndex(name);
    if (index !== undefined) await recoverSegment({ ...options, name, index, recovery });
  }
  return recovery;
}

interface SegmentToRecover extends RecoverOptions {
  name: string;
  index: number;
  recovery: Recovery;
}

async function recoverSegment(options: SegmentToRecover): Promise<void> {
  const { files, folder, name, index, recovery } = options;
  const path = join(folder, name);
  const file = await files.open(path, 'open');
  const size = await file.length();
  const sound = await checkHeader(file, path);
  const segment = new Segment(file, { path, index, position: sound ? segmentHeaderBytes : 0 });
  if (sound) await readFrames(segment, size, options);
  await keepAside(file, segment.position, { ...options, size });
  await file.truncate(segment.position);
  await segment.sync();
  if (segment.firstSequence === undefined) {
    await segment.close();
    await files.remove(path);
  } else recovery.segments.push(segment);
}

async function readFrames(segment: Segment, size: number, options: SegmentToRecover): Promise<void> {
  for (;;) {
    const base = segment.position;
    for (const reading of await segment.read(base, { maxBytes: 1024 * 1024, limit: size, withKeys: true })) {
      if (reading.kind === 'newer') throw newerVersion(segment.path, reading.version);
      if (reading.kind !== 'frame') return;
      const { frame } = reading;
      const inOrder = segment.firstSequence === undefined || frame.sequence === segment.lastSequence + 1;
      if (!inOrder) return;
      segment.position = base + reading.end;
      segment.firstSequence ??= frame.sequence;
      segment.lastSequence = frame.sequence;
      if (frame.kind === 'record' && frame.payload !== undefined) {
        segment.payloads.add(frame.payload.file);
        segment.payloadBytes += frame.payload.byteLength;
      }
      options.onFrame(frame, reading.retryKey);
    }
  }
}

/** Copies what is neither frame nor zeros to the folder of damaged bytes. */
async function keepAside(
  file: SpoolFile,
  from: number,
  options: SegmentToRecover & { size: number },
): Promise<void> {
  const { files, damagedFolder, recovery, size } = options;
  const chunk = Buffer.alloc(1024 * 1024);
  let copy: SpoolFile | undefined;
  for (let at = from; at < size; at += chunk.length) {
    const bytes = chunk.subarray(
      0,
      await file.read(chunk.subarray(0, Math.min(chunk.length, size - at)), at),
    );
    if (copy === undefined && bytes.every((byte) => byte === 0)) continue;
    if (copy === undefined) {
      const path = join(damagedFolder, `${options.name}.${at}.${Date.now()}.bad`);
      await files.makeFolder(damagedFolder);
      copy = await files.open(path, 'create');
      recovery.keptAside.push(path);
    }
    await copy.write([bytes], await copy.length());
    recovery.damagedBytes += bytes.length;
  }
  await copy?.sync();
  await copy?.close();
}
