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
/** Deployments start many processes, and may have to install packages first. */
const deployTimeoutMs = 240_000;
const deployedPython = /mlflow_model|examples\/iris\/deployment/;
const index = 'docs/README.md';
const pages = ['README.md', ...(await Array.fromAsync(glob('docs/*.md', { cwd: repository }))).sort()];
const setUp = await blocksIn(index);
const python = await pythonEnvironment('iris');

describe('the pages', { concurrency: 2 }, () => {
  for (const page of pages) {
    it(`${page} does what it says`, async (t) => {
      const blocks = page === index ? [] : await blocksIn(page);
      const isPython = blocks.some(({ fence }) => fence.language === 'python');
      const isDeployed = blocks.some(({ fence }) => deployedPython.test(fence.text));
      const deploys = blocks.some(({ fence }) => fence.text.includes('gleaner up'));
      if ((isPython || isDeployed) && 'unavailable' in python) return t.skip(python.unavailable);
      // A deployment has packages of its own.
      const path = isPython && 'bin' in python ? [python.bin] : [];
      const timeoutMs = deploys ? deployTimeoutMs : usualTimeoutMs;
      const outcomes = await run([...setUp, ...blocks], { path, timeoutMs });
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

async function run(
  blocks: readonly Block[],
  { path, timeoutMs }: { path: readonly string[]; timeoutMs: number },
): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-docs-'));
  try {
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
