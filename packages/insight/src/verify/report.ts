import type { DropReason } from '@gleaner/protocol';
import type { Finding, OnFinding } from '../findings.ts';

export interface VerifyCounts {
  windows: number;
  /** Windows whose every line is under a manifest. */
  sealedWindows: number;
  files: number;
  /** Records the collector kept for sealed windows, by their manifests, and records in lines not sealed yet. */
  accepted: number;
  /** Records found, each event once. */
  stored: number;
  /** Lines that a manifest promises and that are not found as records. */
  missing: number;
  /** Records whose event is there already. */
  duplicate: number;
  /** Records that reached the collector for sealed windows. */
  seen: number;
  dropped: Partial<Record<DropReason, number>>;
}

export interface CollectionVerdict extends VerifyCounts {
  collection: string;
}

export interface VerifyReport {
  /** Nothing missing, nothing twice, no finding that is an error. */
  ok: boolean;
  totals: VerifyCounts;
  collections: CollectionVerdict[];
  /** The first of them; {@link findingsOmitted} more were left out. */
  findings: Finding[];
  findingsOmitted: number;
}

export function noCounts(): VerifyCounts {
  return {
    windows: 0,
    sealedWindows: 0,
    files: 0,
    accepted: 0,
    stored: 0,
    missing: 0,
    duplicate: 0,
    seen: 0,
    dropped: {},
  };
}

/** Adds `more` to `counts`. */
export function addCounts(counts: VerifyCounts, more: VerifyCounts): void {
  for (const key of addedKeys) counts[key] += more[key];
  for (const [reason, count] of Object.entries(more.dropped) as [DropReason, number][]) {
    counts.dropped[reason] = (counts.dropped[reason] ?? 0) + count;
  }
}

const addedKeys = [
  'windows',
  'sealedWindows',
  'files',
  'accepted',
  'stored',
  'missing',
  'duplicate',
  'seen',
] as const satisfies (keyof VerifyCounts)[];

/** Keeps the first `limit` findings, and counts the rest. One place is told of once. */
export function collectFindings(limit: number): {
  add: OnFinding;
  result(): { findings: Finding[]; findingsOmitted: number; errors: number };
} {
  const findings: Finding[] = [];
  const told = new Set<string>();
  let findingsOmitted = 0;
  let errors = 0;
  return {
    add(found) {
      const place = `${found.code} ${found.file}:${found.line ?? ''} ${found.message}`;
      if (told.has(place)) return;
      if (found.severity === 'error') errors++;
      if (findings.length === limit) findingsOmitted++;
      else {
        told.add(place);
        findings.push(found);
      }
    },
    result: () => ({ findings, findingsOmitted, errors }),
  };
}
