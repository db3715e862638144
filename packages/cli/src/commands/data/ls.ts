import { listCollections } from '@gleaner/insight';
import type { CollectionSummary } from '@gleaner/insight';
import { formatTime } from '@gleaner/protocol';
import { bytesText, visible } from '../../output/cells.ts';
import { printItems, printText } from '../../output/print.ts';
import { openData } from './open-data.ts';
import { treeText } from './tree.ts';
import type { DataOptions } from './data.ts';

export async function listData(folder: string, options: DataOptions & { tree?: true }): Promise<void> {
  await using data = await openData(folder, options);
  const { datastore, prefix, show } = data;
  if (options.tree) {
    await printText(await treeText(show('') || '.', datastore.list(prefix)));
    return;
  }
  const collections = await listCollections(datastore, prefix, { countLines: true });
  const name = ({ collection }: CollectionSummary) => visible(show(collection) || '.');
  await printItems(
    collections,
    {
      json: (one) => JSON.stringify(facts(one, show(one.collection))),
      columns: {
        COLLECTION: name,
        WINDOWS: ({ windows }) => `${windows}`,
        SEALED: ({ sealedWindows }) => `${sealedWindows}`,
        FILES: ({ files }) => `${files}`,
        RECORDS: ({ lines }) => `${lines}`,
        SIZE: ({ bytes }) => bytesText(bytes),
        FROM: ({ start }) => minuteText(start),
        TO: ({ end }) => minuteText(end),
      },
    },
    options,
  );
  if (collections.length === 0) process.stderr.write(`No collections lie below ${folder}.\n`);
}

function facts({ lines, start, end, ...counts }: CollectionSummary, path: string): Record<string, unknown> {
  const { collection: _, ...rest } = counts;
  return { collection: path, ...rest, records: lines, from: formatTime(start), to: formatTime(end) };
}

function minuteText(seconds: number): string {
  return formatTime(seconds).slice(0, 16).replace('T', ' ');
}
