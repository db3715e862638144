/** Sealing: a window that is over gets its manifest, and late records reopen and reseal it (design rule 7). */
import { hash } from 'node:crypto';

import type { CallOptions, Datastore } from '@gleaner/datastore';
import { DatastoreError } from '@gleaner/datastore';
import {
  GleanerError,
  chainStart,
  dataFileName,
  formatTime,
  manifestName,
  manifestVersion,
  parseManifest,
  writeManifest,
} from '@gleaner/protocol';
import type { Manifest } from '@gleaner/protocol';

import type { Batch } from './batch.ts';
import type { TargetState } from './checkpoint.ts';

/** Longest manifest that is read back, in bytes. */
const maxManifestBytes = 16 * 1024 * 1024;

/** Writes the manifest and returns its SHA-256 (hex). Sealing twice gives a manifest that replaces the first. */
export async function seal(
  datastore: Datastore,
  target: TargetState,
  options: { instance: string; nowMs: number } & CallOptions,
): Promise<string> {
  const path = manifestPath(target.collectionPath, target.window, options.instance);
  const earlier = await readObject(datastore, path, options);
  const replaced = earlier === undefined ? undefined : sha256Hex(earlier);
  if (replaced !== undefined && !target.replaces.includes(replaced)) target.replaces.push(replaced);
  // Before the manifest: a window that has one does not grow unseen.
  const last = datastore.writes === 'append' ? target.files.at(-1) : undefined;
  if (last !== undefined) await datastore.seal(filePath(target, last.name), options);
  const text = writeManifest(manifestOf(target, options));
  await datastore.put(path, Buffer.from(text), options);
  return sha256Hex(text);
}

/** The state of a window nobody is writing: as its manifest says, or new. */
export async function openTarget(
  datastore: Datastore,
  batch: Batch,
  options: { instance: string } & CallOptions,
): Promise<TargetState> {
  const { destination, window, windowEnd } = batch;
  const target: TargetState = {
    collection: destination.collection,
    collectionPath: destination.path,
    window,
    rollingRate: destination.rollingRate,
    windowEnd,
    files: [],
    firstSequence: null,
    lastSequence: null,
    chain: Buffer.from(chainStart).toString('hex'),
    dropped: {},
    previous: null,
    replaces: [],
  };
  const text = await readObject(datastore, manifestPath(destination.path, window, options.instance), options);
  const opened = text === undefined ? target : { ...target, ...sealedState(text) };
  if (datastore.writes === 'append') await addPresentFiles(datastore, opened, options);
  return opened;
}

/**
 * What a window holds that nobody has open is none of the next frames', also where no manifest tells of it (somebody removed
 * the checkpoint): writing goes on behind it.
 */
async function addPresentFiles(
  datastore: Datastore,
  target: TargetState,
  options: { instance: string } & CallOptions,
): Promise<void> {
  const { files } = target;
  for (let part = Math.max(1, files.length); ; part++) {
    const name = dataFileName(options.instance, part);
    const bytes = await datastore.length(filePath(target, name), options);
    const last = files[part - 1];
    if (last !== undefined) last.bytes = bytes ?? 0;
    else if (bytes === undefined) return;
    else files.push({ name, lines: 0, bytes });
  }
}

function manifestOf(target: TargetState, options: { instance: string; nowMs: number }): Manifest {
  const dropped = Object.values(target.dropped).reduce((sum, count) => sum + count, 0);
  const files = target.files.filter((file) => file.lines > 0);
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  return {
    version: manifestVersion,
    instance: options.instance,
    collection: target.collection,
    window: target.window,
    rollingRate: target.rollingRate,
    files,
    lines,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    firstSequence: target.firstSequence,
    lastSequence: target.lastSequence,
    seen: lines + dropped,
    kept: lines,
    dropped: target.dropped,
    chain: target.chain,
    previous: target.previous,
    replaces: target.replaces,
    sealedAt: formatTime(Math.floor(options.nowMs / 1000)),
  };
}

/** A manifest that somebody spoilt must not stop collection: counting starts anew, and `verify` names it. */
function sealedState(text: string): Partial<TargetState> {
  const replaces = [sha256Hex(text)];
  try {
    const manifest = parseManifest(text);
    const { files, firstSequence, lastSequence, chain, dropped, previous } = manifest;
    return {
      files,
      firstSequence,
      lastSequence,
      chain,
      dropped,
      previous,
      replaces: [...manifest.replaces, ...replaces],
    };
  } catch (error) {
    // A newer Gleaner's is not for us to replace.
    const isNewer = error instanceof GleanerError && error.code === 'manifest_version_unsupported';
    if (error instanceof GleanerError && !isNewer) return { replaces };
    throw error;
  }
}

/** Path of one of the window's files. */
export function filePath(target: Pick<TargetState, 'collectionPath' | 'window'>, name: string): string {
  return `${target.collectionPath}/${target.window}/${name}`;
}

function manifestPath(collectionPath: string, window: string, instance: string): string {
  return `${collectionPath}/${window}/${manifestName(instance)}`;
}

async function readObject(
  datastore: Datastore,
  path: string,
  options: CallOptions,
): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of datastore.read(path, { end: maxManifestBytes }, options)) pieces.push(piece);
  } catch (error) {
    if (error instanceof DatastoreError && error.code === 'store_not_found') return undefined;
    throw error;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}
