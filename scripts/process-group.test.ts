import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, startGroup } from './process-group.ts';

/** Runs `program` in Node; what it prints goes to a file, because a pipe would stay open with the grandchildren. */
const node = (program: string) => [process.execPath, '-e', program];

describe('startGroup', () => {
  let folder = '';
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'gleaner-group-'))));
  after(() => rm(folder, { recursive: true }));

  it('asks before it kills', async () => {
    const file = await open(join(folder, 'asked'), 'w+');
    const program = `process.on('SIGTERM', () => { console.log('asked'); process.exit(7) }); console.log('up'); setInterval(() => {}, 1e6)`;
    const group = await startGroup(node(program), { stdio: ['ignore', file.fd, 'ignore'] });
    await untilWritten(join(folder, 'asked'), /up/);
    assert.equal(await group.stop(), 7);
    assert.match(await readFile(join(folder, 'asked'), 'utf8'), /asked/);
    await file.close();
  });

  it('kills what does not end, and what it started', async () => {
    const path = join(folder, 'stubborn');
    const file = await open(path, 'w+');
    const program = `
      process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn('sleep', ['1000']);
      child.once('spawn', () => console.log(child.pid, ''));
      setInterval(() => {}, 1e6)`;
    const group = await startGroup(node(program), {
      stdio: ['ignore', file.fd, 'ignore'],
      stopTimeoutMs: 10,
    });
    const pid = Number(await untilWritten(path, /^\d+ /));
    assert.equal(await group.stop(), 137);
    await untilGone(pid);
    await file.close();
  });

  it('rejects when there is no such command', async () => {
    await assert.rejects(startGroup([join(folder, 'missing')]), { code: 'ENOENT' });
  });
});

describe('run', () => {
  it('gives the exit code, 128 + n after signal n', async () => {
    assert.equal(await run(node('process.exit(3)')), 3);
    assert.equal(await run(node('process.kill(process.pid, "SIGKILL")')), 137);
  });

  it('stops the command on an abort and rejects with its reason', async () => {
    const controller = new AbortController();
    const running = run(['sleep', '1000'], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
  });
});

async function untilWritten(path: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const [found] = pattern.exec(await readFile(path, 'utf8')) ?? [];
    if (found !== undefined) return found;
    await sleep(5);
  }
}

/** Ends with the test's own timeout when the process stays. */
async function untilGone(pid: number): Promise<void> {
  try {
    for (;;) {
      process.kill(pid, 0);
      await sleep(5);
    }
  } catch (error) {
    assert.equal(error instanceof Error && 'code' in error && error.code, 'ESRCH');
  }
}
