import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { repository } from '../repository.ts';

/** The bodies of the 150 requests: a flower each, every tenth with the next flower too. The same on every run. */
export async function irisRequests(): Promise<string[]> {
  const text = await readFile(join(repository, 'examples/iris/flowers.csv'), 'utf8');
  const flowers = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));
  return flowers.map((_, i) => JSON.stringify({ data: flowers.slice(i, i % 10 === 9 ? i + 2 : i + 1) }));
}

/** Posts one body after the other with a progress bar. Rejects at the first answer that is not 200. */
export async function sendRequests(
  url: string,
  { bodies, key, signal }: { bodies: readonly string[]; key: string; signal: AbortSignal },
): Promise<void> {
  const { pathname } = new URL(url);
  const bar = new SingleBar({ format: `POST ${pathname}  {bar}  {value}/{total}`, gracefulExit: false });
  bar.start(bodies.length, 0);
  try {
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      const answer = await response.text();
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${answer}`);
      bar.increment();
    }
  } finally {
    bar.stop();
  }
  // The bar is shown on a terminal only.
  if (!process.stderr.isTTY) console.log(`POST ${pathname}: ${bodies.length} answers`);
}
