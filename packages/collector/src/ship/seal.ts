/** Sealing: a window that is over gets its manifest, and late records reopen and reseal it (design rule 7). */
import { hash } from 'node:crypto';

import type { CallOptions, Datastore } from '@gleaner/datastore';
import { DatastoreError } from '@gleaner/datastore';
import {
  GleanerError,
  chainStart,
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
const maxManifestBytes = 1024 * 1024;

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
  const text = writeManifest(manifestOf(target, options));
  await datastore.put(path, Buffer.from(text), options);
  return sha256Hex(text);
}

/** The state of a file nobody is writing: as its manifest says, or new. */
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
    length: (await datastore.length(batch.path, options)) ?? 0,
    lines: 0,
    firstSequence: null,
    lastSequence: null,
    chain: Buffer.from(chainStart).toString('hex'),
    dropped: {},
    previous: null,
    replaces: [],
  };
  const text = await readObject(datastore, manifestPath(destination.path, window, options.instance), options);
  return text === undefined ? target : { ...target, ...sealedState(text) };
}

function manifestOf(target: TargetState, options: { instance: string; nowMs: number }): Manifest {
  const dropped = Object.values(target.dropped).reduce((sum, count) => sum + count, 0);
  const { lines, length } = target;
  return {
    version: manifestVersion,
    instance: options.instance,
    collection: target.collection,
    window: target.window,
    rollingRate: target.rollingRate,
    files: lines === 0 ? [] : [{ name: `${options.instance}.jsonl`, lines, bytes: length }],
    lines,
    bytes: length,
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
    const { lines, firstSequence, lastSequence, chain, dropped, previous } = manifest;
    return {
      lines,
      firstSequence,
      lastSequence,
      chain,
      dropped,
      previous,
      replaces: [...manifest.replaces, ...replaces],
    };
  } catch (error) {
    if (error instanceof GleanerError) return { replaces };
    throw error;
  }
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
