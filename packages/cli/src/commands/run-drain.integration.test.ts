import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { gleaner, startGleaner } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-drain-'));
after(() => rm(folder, { recursive: true }));
const deployment = {
  name: 'blue',
  endpoint_name: 'iris',
  instance_type: 'local',
  data_collector: { collections: { model_inputs: { enabled: 'true' } } },
};
await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));

/** Sends three records and ends with `exitCode`. */
const sender = (exitCode: number) => `
  const { AZUREML_MDC_HOST: host, AZUREML_MDC_PORT: port } = process.env;
  const headers = { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' };
  const post = () => fetch('http://' + host + ':' + port + '/modeldata/log', { method: 'POST', headers, body: '[1]' });
  Promise.all([post(), post(), post()]).then((answers) => {
    process.exitCode = answers.every(({ status }) => status === 200) ? ${exitCode} : 9;
  });`;

const wordsOf = (data: string, { options = '--drain-timeout 300ms', exitCode = 0 } = {}) =>
  `run -f deployment.yml --data ${data} --intake-port 0 --admin-port 0 ${options} --`
    .split(' ')
    .concat(process.execPath, '-e', sender(exitCode));

/** A store that takes nothing: a file lies where its folder should be. */
async function blockStore(data: string): Promise<() => Promise<void>> {
  await mkdir(join(folder, data));
  const obstacle = join(folder, data, 'modelDataCollector');
  await writeFile(obstacle, '');
  return () => rm(obstacle);
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

describe('gleaner run, when the store cannot be written', { concurrency: 2 }, () => {
  it('ends in time, says what stays where, and the next start stores it', async () => {
    const unblock = await blockStore('blocked');
    const { exitCode, stderr } = await gleaner(wordsOf('blocked'), { folder });
    assert.match(
      stderr,
      /^gleaner: 3 records accepted, 3 wait in the spool blocked\/\.spool: the next start stores them$/m,
    );
    assert.equal(exitCode, 1);

    await unblock();
    const next = await gleaner(wordsOf('blocked', { options: '--drain-timeout 30s' }), { folder });
    assert.match(next.stderr, /^gleaner: 3 records accepted, all in blocked$/m);
    assert.equal(next.exitCode, 0);
    const { stdout } = await gleaner(['data', 'verify', 'blocked'], { folder });
    assert.equal(lastLine(stdout), 'accepted 6 · stored 6 · missing 0 · duplicate 0');
  });

  it('keeps the exit code of a command that failed', async () => {
    await blockStore('failed');
    const { exitCode, stderr } = await gleaner(wordsOf('failed', { exitCode: 7 }), { folder });
    assert.match(stderr, /3 wait in the spool/);
    assert.equal(exitCode, 7);
  });

  it('ends the drain at Ctrl-C, and not when the terminal is closed', async () => {
    await blockStore('impatient');
    const options = '--drain-timeout 1h --log-level info';
    await using running = startGleaner(wordsOf('impatient', { options }), { folder });
    await running.until(/"event":"draining"/);
    running.kill('SIGHUP');
    assert.equal(await Promise.race([running.ended, sleep(300)]), undefined);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running.ended;
    assert.match(stderr, /3 wait in the spool/);
    assert.equal(exitCode, 1);
  });
});
