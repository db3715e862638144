import { createHash } from 'node:crypto';
import type { Datastore } from '@gleaner/datastore';
import { GleanerError, parseManifest } from '@gleaner/protocol';
import type { Manifest, ManifestFile } from '@gleaner/protocol';
import { finding } from './findings.ts';
import type { Finding } from './findings.ts';
import { isDataFile, isManifest, nameOf } from './layout.ts';
import type { CollectedWindow } from './layout.ts';

/** A manifest as it lies in the store. */
export interface Seal {
  path: string;
  manifest: Manifest;
  /** SHA-256 of its bytes, hex: what the next manifest of the instance names as `previous`. */
  hash: string;
}

/** Manifests of a window, and what is wrong with those that cannot be read. */
export async function readSeals(
  datastore: Datastore,
  window: CollectedWindow,
): Promise<{ seals: Seal[]; problems: Finding[] }> {
  const seals: Seal[] = [];
  const problems: Finding[] = [];
  for (const { path } of window.objects.filter((object) => isManifest(object.path))) {
    const bytes = Buffer.concat(await Array.fromAsync(datastore.read(path, { end: maxManifestBytes })));
    try {
      const manifest = checked(parseManifest(bytes.toString()));
      seals.push({ path, manifest, hash: createHash('sha256').update(bytes).digest('hex') });
    } catch (error) {
      if (!(error instanceof GleanerError)) throw error;
      problems.push(finding('manifest_invalid', { file: path }, error.message));
    }
  }
  return { seals, problems };
}

const maxManifestBytes = 16 * 1024 * 1024;

/** What `parseManifest` leaves open: every number is one, and no name leads out of the folder. */
function checked(manifest: Manifest): Manifest {
  const { files, dropped, previous } = manifest;
  if (!files.every(isManifestFile)) throw invalid('"files" of another form');
  if (!Object.values(dropped).every(Number.isSafeInteger)) throw invalid('a count in "dropped" that is none');
  if (previous !== null && typeof previous !== 'string') throw invalid('no "previous"');
  return manifest;
}

function invalid(problem: string): GleanerError {
  return new GleanerError('manifest_invalid', `The manifest has ${problem}.`);
}

function isManifestFile(value: unknown): value is ManifestFile {
  if (typeof value !== 'object' || value === null) return false;
  const { name, lines, bytes } = value as Partial<ManifestFile>;
  const plain = typeof name === 'string' && isDataFile(name) && nameOf(name) === name;
  return plain && Number.isSafeInteger(lines) && Number.isSafeInteger(bytes);
}
