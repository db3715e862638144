import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import type { Seal } from '../seals.ts';

/** Each manifest names the one its instance sealed before: a removed or changed manifest breaks the chain behind it. */
export function checkLinks(seals: readonly Pick<Seal, 'path' | 'hash' | 'manifest'>[], onFinding: OnFinding): void {
  const known = new Set(seals.flatMap(({ hash, manifest }) => [hash, ...manifest.replaces].map((hash) => `${manifest.instance} ${hash}`)));
  for (const { path, manifest } of seals) {
    if (manifest.previous === null || known.has(`${manifest.instance} ${manifest.previous}`)) continue;
    const message =
      'The manifest sealed before this one is not here as it was: changed, or removed (older windows may be gone by a retention rule).';
    onFinding(finding('manifest_previous_unknown', { file: path }, message));
  }
}
