import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { readFences } from './fences.ts';
import { blocksOf, runBlocks } from './session.ts';

/** What became of the blocks of a page: what each printed, and what failed in it. */
async function run(...lines: string[]): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-docs-'));
  try {
    const blocks = blocksOf(readFences(lines.join('\n')));
    const outcomes = await runBlocks(blocks, { folder, path: [], timeoutMs: 2000 });
    return outcomes.map(({ printed, failed }) => [printed, failed]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('runBlocks', { concurrency: true }, () => {
  it('runs all blocks in one shell, and writes files', async () => {
    const outcomes = await run('```sh', 'a=1; cd /', '```', '```sh', 'echo $a; pwd >&2', '```');
    assert.deepEqual(outcomes, [
      ['', ''],
      ['1\n/\n', ''],
    ]);
    const page = [
      '```sh',
      'cd "$(mktemp -d)"',
      '```',
      '```yaml a.yml',
      "b: '$c'",
      '```',
      '```sh',
      'cat a.yml',
      '```',
    ];
    assert.deepEqual((await run(...page)).at(-1), ["b: '$c'\n", '']);
  });

  it('names the first command that fails, unless somebody asked', async () => {
    const page = ['```sh', 'false || echo asked', 'for i in 1; do', '  test 1 = 2; done', 'echo on', '```'];
    assert.deepEqual(await run(...page), [['asked\non\n', 'test 1 = 2']]);
  });

  it('names what hangs, what ends the shell and what is left running', async () => {
    const missing = 'the end of the block: something hangs, or ended the shell';
    assert.deepEqual(await run('```sh', 'sleep 60', '```', '```sh', 'true', '```'), [['', missing]]);
    assert.deepEqual(await run('```sh', 'exit 0', '```', '```sh', 'true', '```'), [['', missing]]);
    const [[, left] = []] = await run('```sh', 'sleep 60 &', '```');
    assert.match(left ?? '', /^nothing ends .*sleep 60/);
  });

  it('gives each run ports of its own', async () => {
    const [[ports = ''] = []] = await run('```sh', 'echo 5001 50011 50012 50013', '```');
    assert.match(ports, /^(?!5001 )\d+ (?!50011 )\d+ (?!50012 )\d+ 50013\n$/);
  });
});

describe('blocksOf', () => {
  it('refuses what nobody would run', async () => {
    await assert.rejects(run('```yaml', 'a: 1', '```'), /nobody runs a block of 'yaml'/);
    await assert.rejects(run('```text', 'a', '```'), /no command stands before/);
  });
});
