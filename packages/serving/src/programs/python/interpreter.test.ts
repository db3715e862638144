import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ProgramError } from '../program-error.ts';
import { findInterpreter } from './interpreter.ts';

describe('findInterpreter', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-interpreter-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A folder of commands that answer as Pythons of these versions do. */
  async function withPythons(commands: Record<string, string>): Promise<{ PATH: string }> {
    const bin = await mkdtemp(join(folder, 'bin-'));
    for (const [name, version] of Object.entries(commands)) {
      const path = join(bin, name);
      const [major, minor] = version.split('.');
      const answer =
        version === '' ? 'exit 127' : `printf '%s\\n' ${path} ${major} ${minor} '${version} (build)'`;
      await writeFile(path, `#!/bin/sh\n${answer}\n`);
      await chmod(path, 0o755);
    }
    return { PATH: bin };
  }

  it('takes the version that is asked for', async () => {
    const environment = await withPythons({ python3: '3.12', 'python3.10': '3.10', 'python3.11': '3.11' });
    assert.deepEqual(await find('=3.10', environment), { version: '3.10', lines: [] });
    assert.deepEqual(await find('=3.11.7', environment), { version: '3.11', lines: [] });
    assert.deepEqual(await find('>=3.9,<3.12', environment), { version: '3.11', lines: [] });
    assert.deepEqual(await find(undefined, environment), { version: '3.12', lines: [] });
  });

  it('takes the nearest, and says so, when there is no such version', async () => {
    const environment = await withPythons({ 'python3.9': '', 'python3.10': '3.10', 'python3.14': '3.14' });
    const { version, lines } = await find('=3.9', environment);
    assert.equal(version, '3.10');
    assert.match(lines.join(), /3\.9 is asked for.*3\.10 is used/);
  });

  it('takes GLEANER_PYTHON rather than any of the path', async () => {
    const { PATH } = await withPythons({ 'python3.11': '3.11', chosen: '3.12' });
    const { version, lines } = await find('=3.11', { PATH, GLEANER_PYTHON: join(PATH, 'chosen') });
    assert.equal(version, '3.12');
    assert.equal(lines.length, 1);
  });

  it('refuses when there is none, or only an old one', async () => {
    const environment = await withPythons({ python3: '3.6', python: '2.7' });
    await assert.rejects(
      find('=3.6', environment),
      (error) =>
        error instanceof ProgramError &&
        error.code === 'environment_failed' &&
        /GLEANER_PYTHON/.test(error.message),
    );
  });
});

async function find(wanted: string | undefined, environment: NodeJS.ProcessEnv) {
  const lines: string[] = [];
  const { version } = await findInterpreter({ wanted, environment, log: (line) => lines.push(line) });
  return { version, lines };
}
