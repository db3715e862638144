import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import type { Seal } from '../seals.ts';

/**
 * The manifests of a collection, each of which names the one its instance sealed before: a removed or changed one breaks the
 * chain behind it. Keeps two hashes of each.
 */
export function createLinks(): { add(seal: Seal): void; check(onFinding: OnFinding): void } {
  const known = new Set<string>();
  const links: { file: string; previous: string }[] = [];
  return {
    add({ path, hash, manifest }) {
      const { instance, previous, replaces } = manifest;
      for (const version of [hash, ...replaces]) known.add(`${instance} ${version}`);
      if (previous !== null) links.push({ file: path, previous: `${instance} ${previous}` });
    },
    check(onFinding) {
      for (const { file } of links.filter(({ previous }) => !known.has(previous))) {
        const message =
          'The manifest sealed before this one is not here as it was: changed or removed. (Where a retention rule removes old ' +
          'windows, the first one left says this.)';
        onFinding(finding('manifest_previous_unknown', { file }, message));
      }
    },
  };
}
