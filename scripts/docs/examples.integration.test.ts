/** Every command on the pages is run, in order, in the folder that docs/README.md makes, and prints what the page shows. */
import assert from 'node:assert/strict';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { pythonEnvironment } from '../python.ts';
import { repository } from '../repository.ts';
import { isShown, readFences } from './fences.ts';
import { blocksOf, runBlocks } from './session.ts';
import type { Block, Outcome } from './session.ts';

const usualTimeoutMs = 60_000;
/** The packages of a deployment may have to be installed first. */
const installTimeoutMs = 240_000;
const index = 'docs/README.md';
const pages = ['README.md', ...(await Array.fromAsync(glob('docs/*.md', { cwd: repository }))).sort()];
const setUp = await blocksIn(index);
const python = await pythonEnvironment('iris');

describe('the pages', { concurrency: 2 }, () => {
  for (const page of pages) {
    it(`${page} does what it says`, async (t) => {
      const blocks = page === index ? [] : await blocksIn(page);
      const needsPython = blocks.some(isPython);
      if (needsPython && 'unavailable' in python) return t.skip(python.unavailable);
      const timeoutMs = needsPython ? installTimeoutMs : usualTimeoutMs;
      const outcomes = await run([...setUp, ...blocks], timeoutMs);
      for (const outcome of outcomes) check(page, outcome);
      assert.equal(outcomes.length, setUp.length + blocks.length);
    });
  }

  it('show no block that nobody runs', async () => {
    for (const page of pages.filter((one) => one.startsWith('docs/'))) {
      const pictures = readFences(await textOf(page)).filter(({ language }) => language === '');
      assert.deepEqual(pictures, [], page);
    }
  });
});

function textOf(page: string): Promise<string> {
  return readFile(join(repository, page), 'utf8');
}

async function blocksIn(page: string): Promise<Block[]> {
  return blocksOf(readFences(await textOf(page)));
}

/** Has a script of it, or deploys what runs on it. */
function isPython({ fence }: Block): boolean {
  return fence.language === 'python' || /conda_file|mlflow_model|examples\/iris\/deployment/.test(fence.text);
}

async function run(blocks: readonly Block[], timeoutMs: number): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-docs-'));
  try {
    const path = 'bin' in python ? [python.bin] : [];
    return await runBlocks(blocks, { folder, path, timeoutMs });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function check(page: string, { fence, shown, printed, failed }: Outcome): void {
  const place = `${page}:${fence.line}`;
  assert.equal(failed, '', `${place} printed\n${printed}`);
  if (shown !== undefined && !isShown(shown, printed)) assert.equal(printed, shown, place);
  if (fence.language !== 'ts' || fence.file !== undefined) return;
  assert.match(
    printed,
    /gleaner: [1-9]\d* records accepted, all in/,
    `${place} collects nothing:\n${printed}`,
  );
}
