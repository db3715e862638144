import { createHash } from 'node:crypto';
import type { Datastore } from '@gleaner/datastore';
import { GleanerError, parseManifest } from '@gleaner/protocol';
import type { Manifest } from '@gleaner/protocol';
import { finding } from './findings.ts';
import type { Finding } from './findings.ts';
import { isManifest, nameOf } from './layout.ts';
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
    const bytes = Buffer.concat(await Array.fromAsync(datastore.read(path)));
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

/** What `parseManifest` leaves open: a name that is a path must not lead anywhere. */
function checked(manifest: Manifest): Manifest {
  for (const file of manifest.files) {
    if (typeof file.name === 'string' && file.name === nameOf(file.name) && !file.name.startsWith('.')) continue;
    throw new GleanerError('manifest_invalid', 'The manifest names a file outside its folder.');
  }
  return manifest;
}
