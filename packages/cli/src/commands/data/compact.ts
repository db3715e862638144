import { compact } from '@gleaner/insight';
import type { CompactedWindow } from '@gleaner/insight';
import { bytesText, visible } from '../../output/cells.ts';
import { usageError } from '../../output/failure.ts';
import { printItems } from '../../output/print.ts';
import { openProgress } from '../../output/progress.ts';
import { interruptible } from './interruptible.ts';
import { openData } from './open-data.ts';
import { nothingBelow, openCache } from './open-tables.ts';
import type { QueryOptions } from './queries.ts';

/** A line for each window: what was done, and the bytes before and after. */
export async function compactData(place: string, options: QueryOptions): Promise<void> {
  await interruptible(async (signal) => {
    await using cache = openCache(options);
    await using data = await openData(place, options);
    if (data.isFile)
      throw usageError(`${place} is a file.`, 'Name the folder of its hour, or its collection.');
    const { memory } = options;
    const windows: CompactedWindow[] = [];
    {
      using progress = openProgress();
      const made = compact(data.datastore, data.prefix, {
        cache,
        signal,
        ...(memory !== undefined && { memory }),
      });
      for await (const window of made) {
        windows.push(window);
        progress.show(`${windows.length} windows, at ${visible(window.path)}`);
      }
    }
    if (windows.length === 0) throw nothingBelow(place);
    await printItems(
      windows,
      {
        json: ({ path, outcome, lineBytes, rowFileBytes }) =>
          JSON.stringify({ window: data.show(path), outcome, lineBytes, rowFileBytes }),
        columns: {
          WINDOW: ({ path }) => visible(data.show(path)),
          PARQUET: ({ outcome }) => outcome,
          LINES: ({ lineBytes }) => bytesText(lineBytes),
          SIZE: ({ rowFileBytes }) => (rowFileBytes === 0 ? '' : bytesText(rowFileBytes)),
        },
      },
      options,
    );
  });
}
