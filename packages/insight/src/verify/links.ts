import { parseWindowFolder } from '@gleaner/protocol';
import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import { nameOf } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import type { Seal } from '../seals.ts';

export interface Links {
  add(seal: Seal): void;
  /** A data file that no manifest of its window covers. */
  addOpen(file: string, window: CollectedWindow): void;
  check(onFinding: OnFinding): void;
}

/**
 * The manifests of a collection, each of which names the one its instance sealed before: a removed or changed one breaks the
 * chain behind it. Keeps two hashes of each.
 */
export function createLinks(): Links {
  const known = new Set<string>();
  const links: Link[] = [];
  const open: { file: string; instance: string; start: number }[] = [];
  return {
    add({ path, hash, manifest }) {
      const { instance, previous, replaces, window } = manifest;
      for (const version of [hash, ...replaces]) known.add(`${instance} ${version}`);
      const start = parseWindowFolder(window)?.start ?? 0;
      links.push({ file: path, instance, window, start, previous });
    },
    addOpen(file, { start }) {
      open.push({ file, start, instance: nameOf(file).replace(/(-\d+)?\.jsonl$/, '') });
    },
    check(onFinding) {
      for (const link of links) {
        const { file, instance, previous } = link;
        if (previous === null || known.has(`${instance} ${previous}`)) continue;
        const before = latestBefore(links, link);
        const gap =
          before === undefined ? '' : ` The one of ${before.window} is the last that is here before it.`;
        const message =
          'The manifest sealed before this one is not here as it was: changed or removed. (Where a retention rule removes old ' +
          `windows, the first one left says this.)${gap}`;
        onFinding(finding('manifest_previous_unknown', { file }, message));
        for (const one of open) {
          const isBetween = one.start < link.start && one.start > (before?.start ?? -Infinity);
          if (one.instance !== instance || !isBetween) continue;
          const missing = `Its manifest is not here, although that of ${link.window} was sealed after one more.`;
          onFinding(finding('manifest_missing', { file: one.file }, missing));
        }
      }
    },
  };
}

interface Link {
  file: string;
  instance: string;
  window: string;
  start: number;
  previous: string | null;
}

function latestBefore(links: readonly Link[], { instance, start }: Link): Link | undefined {
  let latest: Link | undefined;
  for (const one of links) {
    if (one.instance === instance && one.start < start && one.start > (latest?.start ?? -Infinity))
      latest = one;
  }
  return latest;
}
