import { verify } from '@gleaner/insight';
import type { CollectionVerdict, VerifyReport } from '@gleaner/insight';
import { visible } from '../../output/cells.ts';
import { findingText } from '../../output/findings.ts';
import { printObject } from '../../output/print.ts';
import { openProgress } from '../../output/progress.ts';
import { styleFor } from '../../output/style.ts';
import { renderTable } from '../../output/table.ts';
import { openData } from './open-data.ts';
import type { DataOptions } from './data.ts';

/** Sets the exit code to 1 when anything is missing, there twice, or not as it was sealed. */
export async function verifyData(folder: string, options: DataOptions & { deep?: true }): Promise<void> {
  await using data = await openData(folder, options);
  const deep = options.deep ?? false;
  const report = await withProgress((onWindow) => verify(data.datastore, data.prefix, { deep, onWindow }));
  const shown: VerifyReport = {
    ...report,
    collections: report.collections.map((one) => ({ ...one, collection: data.show(one.collection) || '.' })),
    findings: report.findings.map((found) => ({ ...found, file: data.show(found.file) })),
  };
  await printObject(shown, options, () => reportText(shown));
  const isEmpty = report.totals.windows === 0;
  if (isEmpty) process.stderr.write(`No collected data lie below ${folder}.\n`);
  // Nothing is no proof of anything: most often the name is wrong.
  if (isEmpty || !report.ok) process.exitCode = 1;
}

async function withProgress<T>(
  work: (onWindow: (window: { path: string }) => void) => Promise<T>,
): Promise<T> {
  using progress = openProgress();
  let windows = 0;
  return work(({ path }) => progress.show(`${++windows} windows, at ${visible(path)}`));
}

const maxFindingsShown = 50;

function reportText({ collections, findings, findingsOmitted, totals, ok }: VerifyReport): string {
  const head = [
    'COLLECTION',
    'WINDOWS',
    'SEALED',
    'FILES',
    'ACCEPTED',
    'STORED',
    'MISSING',
    'DUPLICATE',
    'DROPPED',
  ];
  const shown = findings.slice(0, maxFindingsShown).map((finding) => findingText(finding, process.stdout));
  const left = findings.length - shown.length + findingsOmitted;
  const { accepted, stored, missing, duplicate } = totals;
  const sum = `accepted ${accepted} · stored ${stored} · missing ${missing} · duplicate ${duplicate}`;
  const style = styleFor(process.stdout);
  return [
    collections.length === 0 ? '' : `${renderTable(head, collections.map(cellsOf))}\n`,
    ...shown,
    left > 0 ? `… and ${left} more findings; -o json shows up to ${findings.length}\n` : '',
    `${ok ? style.green(sum) : style.red(sum)}\n`,
  ].join('');
}

function cellsOf(verdict: CollectionVerdict): string[] {
  const { windows, sealedWindows, files, accepted, stored, missing, duplicate } = verdict;
  const counts = [windows, sealedWindows, files, accepted, stored, missing, duplicate].map(String);
  const dropped = Object.entries(verdict.dropped).map(([reason, count]) => `${reason} ${count}`);
  return [visible(verdict.collection), ...counts, dropped.join(', ') || '0'];
}
