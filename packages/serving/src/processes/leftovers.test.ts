import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { endLeftovers } from './leftovers.ts';
import { openPidFiles } from './pid-files.ts';
import { readBootId, readStat } from '../proc.ts';
import { isRunning } from './testing/served.ts';

const graceMs = 100;

describe('endLeftovers', () => {
  it('ends a noted process with all of its group, though it does not listen or its leader is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-run-'));
    const deaf = `process.on('SIGTERM', () => {});`;
    const child = `require('node:child_process').spawn(process.execPath, ['-e', "${deaf} console.log(process.pid); setInterval(() => {}, 1000)"], { stdio: 'inherit' });`;
    const pidFiles = openPidFiles(folder);
    const workers: number[] = [];
    for (const [index, isLeaderGone] of [false, true].entries()) {
      const leader = spawn(process.execPath, ['-e', `${deaf} ${child}`], {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      pidFiles.note(`instance/${index}`, leader.pid ?? 0);
      const [said] = (await once(leader.stdout, 'data')) as [Buffer];
      workers.push(Number(said.toString()));
      if (!isLeaderGone) continue;
      leader.kill('SIGKILL');
      await once(leader, 'exit');
    }
    assert.equal(await endLeftovers(folder, { graceMs }), 2);
    for (const worker of workers) assert.equal(await isRunning(worker), false);
    assert.deepEqual(await readdir(folder), []);
    await rm(folder, { recursive: true });
  });

  it('leaves a stranger alone who has the number of one of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-run-'));
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
    const pid = stranger.pid ?? 0;
    const startTicks = readStat(pid)?.startTicks ?? 0;
    const notes = [
      { pid, startTicks: startTicks - 1, bootId: readBootId() },
      { pid, startTicks, bootId: 'of-another-boot' },
      { pid: 1 },
    ];
    for (const [index, note] of notes.entries()) {
      await writeFile(join(folder, `${index}.json`), JSON.stringify(note));
    }
    await writeFile(join(folder, 'cut.json'), '{"pid":');
    assert.equal(await endLeftovers(folder, { graceMs }), 0);
    assert.equal(await isRunning(pid), true);
    stranger.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
});
