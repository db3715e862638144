import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import manifest from '../package.json' with { type: 'json' };
import { startProcess } from './gleaner-process.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const bin = join(import.meta.dirname, '..', manifest.bin.gleaner);

/** The machine's own commands, without those that npm has put before them for this test. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'));
const environment = { PATH: path.join(delimiter) };

/** Makes Node say that it is an older one. */
const pretendOld = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`;

describe('the gleaner command', { concurrency: 2 }, () => {
  for (const folder of ['.', 'examples/iris', 'packages/sdk']) {
    it(`runs with npx in ${folder}, whatever Node the machine has`, async () => {
      const words = ['npx', '--yes=false', '--', 'gleaner', '--version'];
      const { exitCode, stdout, stderr } = await startProcess(words, {
        folder: join(repository, folder),
        environment,
      }).ended;
      assert.equal(stdout, `${manifest.version}\n`, stderr);
      assert.equal(exitCode, 0);
    });
  }

  it('is what npm links, and executable', async () => {
    const lock = await readFile(join(repository, 'package-lock.json'), 'utf8');
    const packages = (JSON.parse(lock) as { packages: Record<string, { bin?: object }> }).packages;
    assert.deepEqual(packages['packages/cli']?.bin, { gleaner: join(manifest.bin.gleaner) });
    const { stdout } = await startProcess([bin, '--version']).ended;
    assert.equal(stdout, `${manifest.version}\n`);
  });

  it('says on an older Node what it needs and where that is', async () => {
    const words = [process.execPath, '--import', `data:text/javascript,${pretendOld}`, bin, '--version'];
    const { exitCode, stdout, stderr } = await startProcess(words).ended;
    assert.equal(exitCode, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^gleaner: This is Node 20\.20\.2, and gleaner needs Node 24 or newer\.\n {2}fix: .*\n$/,
    );
  });
});
