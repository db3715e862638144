import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';

import { lockData } from './data-lock.ts';

const module = new URL('data-lock.ts', import.meta.url).href;
const holder = `
const { lockData } = await import(${JSON.stringify(module)});
try {
  globalThis.lock = lockData(process.argv[1]);
  console.log('held');
} catch (error) {
  console.log(error.code);
}
setInterval(() => {}, 1000);
`;

describe('lockData', { timeout: 60_000 }, () => {
  it('is held by one process, however many start after one that was killed, and by nobody after its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-lock-'));
    for (let round = 0; round < 3; round++) {
      await using stack = new AsyncDisposableStack();
      const processes = Array.from({ length: 3 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', holder, folder], {
          stdio: ['ignore', 'pipe', 'inherit'],
        }),
      );
      stack.defer(async () => {
        for (const one of processes) {
          one.kill('SIGKILL');
          if (one.exitCode === null && one.signalCode === null) await once(one, 'exit');
        }
      });
      const said = await Promise.all(
        processes.map(async ({ stdout }) => String((await once(createInterface(stdout), 'line'))[0])),
      );
      assert.deepEqual(said.toSorted(), ['data_in_use', 'data_in_use', 'held']);
      assert.throws(() => lockData(folder), { code: 'data_in_use' });
    }
    lockData(folder)[Symbol.dispose]();
    lockData(folder)[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });
});
