import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { ProgramError } from '../program-error.ts';
import type { PythonRequirements } from './conda-file.ts';
import { virtualEnvironment } from './virtual-environment.ts';

const run = promisify(execFile);

describe('virtualEnvironment', () => {
  let environmentsFolder: string;
  before(async () => {
    environmentsFolder = await mkdtemp(join(tmpdir(), 'gleaner-environments-'));
  });
  after(() => rm(environmentsFolder, { recursive: true, force: true }));

  /** What the folder of environments holds besides the tool that is kept there. */
  const kept = async () => (await readdir(environmentsFolder)).filter((name) => name !== 'uv');

  it('is made once for all who ask, and found again', async () => {
    const lines: string[] = [];
    const options = { environmentsFolder, log: (line: string) => lines.push(line) };
    const asked = [1, 2].map(() => virtualEnvironment(wanting('six==1.16.0'), options));
    const [first, second] = await Promise.all(asked);
    assert.deepEqual(first, second);
    assert.equal(lines.filter((line) => line.startsWith('making')).length, 1);
    const { stdout } = await run(first?.python ?? '', ['-c', 'import six; print(six.__version__)']);
    assert.equal(stdout.trim(), '1.16.0');

    lines.length = 0;
    assert.deepEqual(await virtualEnvironment(wanting('six==1.16.0'), options), first);
    assert.deepEqual(lines, []);
  });

  it('fails with the words of the tool, and leaves nothing, when there is no solution', async () => {
    const before = await kept();
    const options = { environmentsFolder, log: () => {} };
    await assert.rejects(virtualEnvironment(wanting('six==1.16.0', 'six<1.16'), options), (error) => {
      assert.ok(error instanceof ProgramError);
      assert.equal(error.code, 'environment_failed');
      assert.match(error.message, /six/);
      assert.match(error.log ?? '', /six/);
      return true;
    });
    assert.deepEqual(await kept(), before);
  });

  it('stops when told to, and leaves nothing', async () => {
    const before = await kept();
    const controller = new AbortController();
    // The second line is the tool's own.
    let count = 0;
    const log = () => (count += 1) === 2 && controller.abort(new Error('enough'));
    const asked = virtualEnvironment(wanting('six==1.15.0'), {
      environmentsFolder,
      log,
      signal: controller.signal,
    });
    await assert.rejects(asked, /enough/);
    assert.deepEqual(await kept(), before);
  });
});

function wanting(...requirements: string[]): PythonRequirements {
  return { python: undefined, requirements, warnings: [] };
}
