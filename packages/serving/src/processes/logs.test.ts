import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { openLogFile } from './logs.ts';

describe('openLogFile', () => {
  it('keeps the last lines over files of limited size and over restarts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-logs-'));
    const path = join(folder, 'logs', 'inference-server.log');
    const options = { maxBytes: 100 };
    const first = openLogFile(path, options);
    for (let line = 1; line <= 30; line++) first.writeLine(`line ${line}`);
    first.close();
    first.writeLine('of a pipe that is late');
    const second = openLogFile(path, options);
    second.writeLine('line 31');
    assert.equal(await second.tail(3), 'line 29\nline 30\nline 31\n');
    assert.equal(await second.tail(0), '');
    assert.match(await second.tail(1000), /^line \d+\n(line \d+\n)*line 31\n$/);
    assert.deepEqual((await readdir(join(folder, 'logs'))).sort(), [
      'inference-server.log',
      'inference-server.log.1',
    ]);
    for (const name of await readdir(join(folder, 'logs'))) {
      assert.ok((await stat(join(folder, 'logs', name))).size <= options.maxBytes);
    }
    second.close();
    await rm(folder, { recursive: true });
  });
});
