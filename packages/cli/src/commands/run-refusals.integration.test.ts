import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { gleaner } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-refusals-'));
after(() => rm(folder, { recursive: true }));

const head = 'name: blue\nendpoint_name: iris\ninstance_type: local\ndata_collector:\n';
const good = `${head}  collections:\n    model_inputs:\n      enabled: 'True'\n`;
const files: Record<string, string> = {
  'good.yml': good,
  'syntax.yml': `${head}  collections: [\n`,
  'unknown-key.yml': `${good}      sample: 1\n`,
  'rate.yml': `${good}  sampling_rate: 1.5\n`,
  'rolling.yml': `${good}  rolling_rate: Fortnight\n`,
  'empty.yml': '',
};
for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);

/** What is wrong, the words, and what is said. */
const usage: [string, string, RegExp][] = [
  ['YAML that is none', 'run -f syntax.yml -- true', /^gleaner: syntax\.yml:6:1: /],
  [
    'a key that is unknown',
    'run -f unknown-key.yml -- true',
    /unknown-key\.yml:8:7: .*sample: Unknown field\.$/m,
  ],
  [
    'a rate out of range',
    'run -f rate.yml -- true',
    /rate\.yml:8:18: .*Sampling rate must be an number in range \(0\.0-1\.0\)$/m,
  ],
  [
    'a rolling rate that is unknown',
    'run -f rolling.yml -- true',
    /rolling\.yml:8:17: .*Value 'Fortnight' passed is not in set \[/m,
  ],
  ['an empty file', 'run -f empty.yml -- true', /empty\.yml:1:1: Target yaml file is empty$/m],
  ['a file that is not there', 'run -f nothing.yml -- true', /^gleaner: nothing\.yml cannot be read: /],
  [
    'no file',
    'run -- true',
    /^gleaner: One file says what to collect\.\n {2}fix: Name it with -f, or with --config\./,
  ],
  ['two files', 'run -f good.yml --config good.yml -- true', /One file says what to collect/],
  [
    'no command',
    'run -f good.yml',
    /^gleaner: The command to run is missing\.\n {2}fix: Write it after --\./,
  ],
  ['nothing after --', 'run -f good.yml --', /The command to run is missing/],
  [
    'a port that is none',
    'run -f good.yml --intake-port 99999 -- true',
    /--intake-port: '99999' is not a whole/,
  ],
  [
    'a time that is none',
    'run -f good.yml --drain-timeout soon -- true',
    /--drain-timeout: 'soon' is not a time/,
  ],
  [
    'an open door',
    'run -f good.yml --intake-host 0.0.0.0 -- true',
    /0\.0\.0\.0 for everybody\.\n {2}fix: Set intake/,
  ],
];

describe('gleaner run refuses', { concurrency: 2 }, () => {
  for (const [what, words, message] of usage) {
    it(`${what}, with exit code 2`, async () => {
      const { exitCode, stdout, stderr } = await gleaner(words.split(' '), { folder });
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }

  for (const door of ['intake', 'admin']) {
    it(`a port of the ${door} that is taken, before the command starts`, async () => {
      await using server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const ports = { intake: 0, admin: 0, [door]: port };
      const words = `run -f good.yml --data ${door} --intake-port ${ports.intake} --admin-port ${ports.admin}`;
      const command = [process.execPath, '-e', "require('node:fs').writeFileSync('started', '')"];
      const { exitCode, stderr } = await gleaner([...words.split(' '), '--', ...command], { folder });
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        new RegExp(`^gleaner: The ${door} port cannot be opened on 127\\.0\\.0\\.1:${port}`),
      );
      assert.match(stderr, new RegExp(`fix: .*--${door}-port`));
      assert.equal((await readdir(folder)).includes('started'), false);
    });
  }
});
