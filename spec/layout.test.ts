/** spec/layout.md and the index of the specifications, held to the code and to what lies in the folder. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { rollingRates, windowFolder } from '@gleaner/protocol';

import { codesIn, tableBelow } from './tables.ts';

const textOf = (page: string): Promise<string> => readFile(join(import.meta.dirname, page), 'utf8');

describe('spec/layout.md', () => {
  it('has the folder of every rolling rate', async () => {
    const seconds = Date.UTC(2026, 10, 23, 18, 7, 41) / 1000;
    const shown = tableBelow(await textOf('layout.md'), 'Windows').map((row) =>
      row.slice(0, 2).flatMap(codesIn),
    );
    assert.deepEqual(
      shown,
      rollingRates.map((rate) => [rate, windowFolder(seconds, rate)]),
    );
  });
});

describe('spec/README.md', () => {
  it('names every page', async () => {
    const pages = (await readdir(import.meta.dirname)).filter(
      (name) => /\.(md|yml)$/.test(name) && name !== 'README.md',
    );
    assert.deepEqual(
      linked(await textOf('README.md'))
        .filter((one) => pages.includes(one))
        .toSorted(),
      pages.toSorted(),
    );
  });
});

describe('spec/fixtures/README.md', () => {
  it('names every folder of cases', async () => {
    const entries = await readdir(join(import.meta.dirname, 'fixtures'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/README.md`);
    const pages = linked(await textOf('fixtures/README.md'));
    for (const folder of folders) assert.ok(pages.includes(folder), folder);
  });
});

function linked(page: string): string[] {
  return Array.from(page.matchAll(/\]\(([^)]+)\)/g), ([, target = '']) => target);
}
