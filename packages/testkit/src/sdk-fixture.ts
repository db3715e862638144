/** The recorded requests of the Python SDK (spec/fixtures/sdk-wire). */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface SdkFixture {
  name: string;
  what: string;
  request: {
    path: string;
    headers: [string, string][];
    body?: string;
    bodyBase64?: string;
    bodyRecipe?: { rows: number; row: string };
    bodyBytes: number;
    bodySha256: string;
  };
  expected: Record<string, unknown> & {
    outcome: 'inline' | 'side-file' | 'raw-file' | 'unsafe-collection-name';
    extra?: Record<string, string>;
    optionalExtra?: Record<string, string>;
  };
}

export const sdkFixtureFolder: string = join(import.meta.dirname, '../../../spec/fixtures/sdk-wire');

export async function readSdkFixtures(folder = sdkFixtureFolder): Promise<SdkFixture[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as SdkFixture);
}

/** The body as it was sent; throws when it does not have the recorded hash. */
export function fixtureBody({ name, request }: SdkFixture): Buffer {
  const { body, bodyBase64, bodyRecipe } = request;
  const bytes =
    bodyRecipe !== undefined
      ? expand(bodyRecipe)
      : bodyBase64 !== undefined
        ? Buffer.from(bodyBase64, 'base64')
        : Buffer.from(body ?? '', 'latin1');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== request.bodySha256) throw new Error(`the body of ${name} is not what was recorded`);
  return bytes;
}

function expand({ rows, row }: { rows: number; row: string }): Buffer {
  const repeated = row.replaceAll(/\{(\d+)\*(.)\}/g, (_, count: string, char: string) =>
    char.repeat(Number(count)),
  );
  const texts = Array.from({ length: rows }, (_, index) => repeated.replaceAll('{i}', String(index)));
  return Buffer.from(`[${texts.join(',')}]`);
}
