import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startSystem } from '@gleaner/testkit';
import { gleaner } from '../../gleaner-process.ts';

const system = await startSystem();
after(() => system[Symbol.asyncDispose]());
const headers = {
  'content-type': 'application/json',
  'ce-type': 'azureml.inference.model_inputs',
  'ce-x-request-id': 'c1',
  'ce-time': '2026-11-23T18:15:00Z',
};
await fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body: '[{"a":1.5},{"a":2.5}]' });
await system.finish();
const { folder } = system;

async function run(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await gleaner(['data', ...words, 'data', '--cache', 'cache'], {
    folder,
  });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('gleaner data compact', () => {
  it('writes Parquet beside the lines, once, and says so', async () => {
    assert.match(
      await run('compact'),
      /^WINDOW +PARQUET +LINES +SIZE\n\S+2026\/11\/23\/18\/? +written +\d+ B +[\d.]+ k?B\n$/,
    );
    const [again] = JSON.parse(await run('compact', '-o', 'json')) as Record<string, unknown>[];
    assert.equal(again?.['outcome'], 'present');
    const names = await readdir(system.dataFolder, { recursive: true });
    const name = names.find((one) => one.endsWith('_rows.parquet')) ?? '';
    assert.equal((await readFile(join(system.dataFolder, name))).subarray(0, 4).toString(), 'PAR1');
    assert.equal(await run('sql', 'select sum(a) as a from model_inputs', '-o', 'jsonl'), '{"a":4.0}\n');
  });

  it('ends with 2 where there are no data', async () => {
    const { exitCode, stderr } = await gleaner(['data', 'compact', 'cache'], { folder });
    assert.equal(exitCode, 2);
    assert.match(stderr, /No collected data/);
  });
});
