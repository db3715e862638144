/** What a sealed window says of itself: `<instance>.manifest.json` beside the data (spec/manifest.md, design rule 7). */
import type { DropReason } from './drop-reasons.ts';
import { isDropReason } from './drop-reasons.ts';
import { GleanerError } from './errors.ts';
import type { RollingRate } from './window.ts';
import { rollingRates } from './window.ts';

export const manifestVersion = 1;

export interface Manifest {
  version: typeof manifestVersion;
  instance: string;
  collection: string;
  /** Folder of the window, `2026/11/23/18`. */
  window: string;
  rollingRate: RollingRate;
  /** Data files in the order of their lines; one where the store can append. */
  files: ManifestFile[];
  lines: number;
  bytes: number;
  /** Spool sequence of the first and last line; `null` when there is no line. */
  firstSequence: number | null;
  lastSequence: number | null;
  /** Records that reached the collector for this window: `kept` + all `dropped`. */
  seen: number;
  kept: number;
  dropped: Partial<Record<DropReason, number>>;
  /** Head of the hash chain over the lines, hex ({@link chainStart}, {@link chainNext}). */
  chain: string;
  /** SHA-256 (hex) of the manifest this collection sealed before; `null` for the first. */
  previous: string | null;
  /** SHA-256 (hex) of the earlier versions of this manifest, when late records reopened the window. */
  replaces: string[];
  sealedAt: string;
}

export interface ManifestFile {
  name: string;
  lines: number;
  bytes: number;
}

/** h(0): 32 zero bytes. */
export const chainStart: Uint8Array = new Uint8Array(32);

/** h(n) = SHA-256(h(n-1) ‖ line n with its line feed). `sha256` gets the two parts joined. */
export function chainNext(
  head: Uint8Array,
  line: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const joined = new Uint8Array(head.length + line.length);
  joined.set(head);
  joined.set(line, head.length);
  return sha256(joined);
}

export function manifestName(instance: string): string {
  return `${instance}.manifest.json`;
}

/** A data file of a store that can append; one that takes no more is followed by the next part, from 1. */
export function dataFileName(instance: string, part = 1): string {
  return part === 1 ? `${instance}.jsonl` : `${instance}-${part}.jsonl`;
}

/** A data file of a store of whole objects: named by the sequence of its first line, so that names sort as they came. */
export function objectFileName(instance: string, firstSequence: number): string {
  return `${instance}-${String(firstSequence).padStart(12, '0')}.jsonl`;
}

/** One line of JSON and a line feed: the bytes that are hashed. */
export function writeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest)}\n`;
}

/** Errors: `manifest_version_unsupported` for a newer one, `manifest_invalid` for anything else that is none. */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw invalid('is not an object');
  const manifest = value as Partial<Manifest>;
  if (typeof manifest.version === 'number' && manifest.version > manifestVersion) {
    throw new GleanerError(
      'manifest_version_unsupported',
      `The manifest has version ${manifest.version}; this program reads up to ${manifestVersion}.`,
      { fix: 'Use a newer Gleaner to read this folder.' },
    );
  }
  const problem = manifestProblem(manifest);
  if (problem !== undefined) throw invalid(problem);
  return manifest as Manifest;
}

function manifestProblem(manifest: Partial<Manifest>): string | undefined {
  if (manifest.version !== manifestVersion) return 'has no version';
  for (const key of ['instance', 'collection', 'window', 'chain', 'sealedAt'] as const) {
    if (typeof manifest[key] !== 'string') return `lacks the text "${key}"`;
  }
  for (const key of ['lines', 'bytes', 'seen', 'kept'] as const) {
    if (!Number.isSafeInteger(manifest[key])) return `lacks the number "${key}"`;
  }
  if (!rollingRates.includes(manifest.rollingRate as RollingRate)) return 'has an unknown rollingRate';
  if (!/^[0-9a-f]{64}$/.test(manifest.chain ?? '')) return 'has a chain that is not 64 hex digits';
  if (!Array.isArray(manifest.files) || !Array.isArray(manifest.replaces))
    return 'lacks "files" or "replaces"';
  if (typeof manifest.dropped !== 'object' || manifest.dropped === null) return 'lacks "dropped"';
  const unknown = Object.keys(manifest.dropped).find((reason) => !isDropReason(reason));
  return unknown === undefined ? undefined : `has the unknown drop reason "${unknown}"`;
}

function invalid(problem: string, cause?: unknown): GleanerError {
  return new GleanerError('manifest_invalid', `The manifest ${problem}.`, {
    cause,
    fix: 'Compare it with spec/manifest.md; a manifest is written by the collector alone.',
  });
}
