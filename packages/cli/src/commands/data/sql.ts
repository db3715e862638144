import { printItems } from '../../output/print.ts';
import { interruptible } from './interruptible.ts';
import { openPlaces } from './open-tables.ts';
import type { QueryOptions } from './queries.ts';

const tableRows = 100;

export async function printQuery(
  { query, places }: { query: string; places: readonly string[] },
  options: QueryOptions & { limit?: number },
): Promise<void> {
  const limit =
    options.limit ?? (options.output === 'table' && options.query === undefined ? tableRows : Infinity);
  await interruptible(async (signal) => {
    await using opened = await openPlaces(places, options, signal);
    let more = false;
    const limited = async function* (): AsyncGenerator<string> {
      let count = 0;
      for await (const row of opened.tables.query(query)) {
        more = ++count > limit;
        if (more) return;
        yield row;
      }
    };
    const count = await printItems(limited(), { json: (row) => row }, options);
    if (more && options.limit === undefined)
      process.stderr.write(`The first ${limit} rows; more with -n, all with -o jsonl.\n`);
    if (count === 0 && options.output === 'table') process.stderr.write('No rows.\n');
  });
}
