import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { gleaner, startGleaner } from '../gleaner-process.ts';
import type { Running } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-collect-'));
after(() => rm(folder, { recursive: true }));

const collector = `name: blue
endpoint_name: iris
data_collector:
  collections:
    model_inputs:
      enabled: 'True'
intake:
  port: 0
admin:
  port: 0
`;
const files: Record<string, string> = {
  'collector.yml': collector,
  'unknown-setting.yml': `${collector}  porte: 1\n`,
  'bad-setting.yml': `${collector}drain_timeout: soon\n`,
  'bad-rate.yml': collector.replace('data_collector:', 'data_collector:\n  sampling_rate: 2'),
};
for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);

interface Collecting {
  running: Running;
  post(headers?: Record<string, string>): Promise<number>;
}

async function collect(
  data: string,
  options: { words?: string[]; environment?: Record<string, string> } = {},
) {
  const { words = [], environment = {} } = options;
  const running = startGleaner(['collect', '--config', 'collector.yml', '--data', data, ...words], {
    folder,
    environment,
  });
  const [, port] = await running.until(/"msg":"collector listens on [\d.]+:(\d+)"/);
  const post = async (more: Record<string, string> = {}) => {
    const url = `http://127.0.0.1:${port}/modeldata/log`;
    const headers = {
      'content-type': 'application/json',
      'ce-type': 'azureml.inference.model_inputs',
      ...more,
    };
    return (await fetch(url, { method: 'POST', headers, body: '[{"a":1}]' })).status;
  };
  return { running, post } satisfies Collecting;
}

async function verdict(data: string): Promise<string | undefined> {
  const { stdout } = await gleaner(['data', 'verify', data], { folder });
  return stdout.trimEnd().split('\n').at(-1);
}

describe('gleaner collect', { concurrency: 2 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`says where it listens, and at ${signal} stores what it took and ends with 0`, async () => {
      const { running, post } = await collect(signal);
      await using _ = running;
      assert.equal(await post(), 200);
      running.kill(signal);
      const { exitCode, stdout, stderr } = await running.ended;
      assert.equal(exitCode, 0, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /"event":"drained","complete":true/);
      assert.equal(await verdict(signal), 'accepted 1 · stored 1 · missing 0 · duplicate 0');
    });
  }

  it('ends with 1 in time when the store takes nothing, and the next start stores it', async () => {
    const data = 'blocked';
    const obstacle = join(folder, data, 'modelDataCollector');
    await mkdir(join(folder, data));
    await writeFile(obstacle, '');
    const { running, post } = await collect(data, { words: ['--drain-timeout', '300ms'] });
    await using _ = running;
    assert.equal(await post(), 200);
    running.kill('SIGTERM');
    const { exitCode, stderr } = await running.ended;
    assert.equal(exitCode, 1);
    assert.match(stderr, /1 frames stay in the spool/);

    await rm(obstacle);
    // A signal in the middle of the start is no reason to leave them for another one.
    await using next = startGleaner(['collect', '--config', 'collector.yml', '--data', data], { folder });
    await next.until(/"event":"spool_recovered"/);
    next.kill('SIGTERM');
    assert.equal((await next.ended).exitCode, 0);
    assert.equal(await verdict(data), 'accepted 1 · stored 1 · missing 0 · duplicate 0');
  });

  it('refuses a spool that another one uses, which goes on', async () => {
    const { running, post } = await collect('shared');
    await using _ = running;
    const { exitCode, stderr } = await gleaner(['collect', '--config', 'collector.yml', '--data', 'shared'], {
      folder,
    });
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^gleaner: Another collector is using the spool .*\.spool\.\n.*\n {2}fix: Stop the other one/m,
    );
    assert.equal(await post(), 200);
  });

  it('listens beyond loopback with a token alone, and asks senders for it', async () => {
    const everywhere = ['--intake-host', '0.0.0.0'];
    const words = ['collect', '--config', 'collector.yml', '--data', 'open', ...everywhere];
    const { exitCode, stderr } = await gleaner(words, { folder });
    assert.equal(exitCode, 2);
    assert.match(
      stderr,
      /^gleaner: The intake port would listen on 0\.0\.0\.0 for everybody\.\n {2}fix: Set intake\.token/,
    );

    const { running, post } = await collect('open', {
      words: everywhere,
      environment: { GLEANER_INTAKE_TOKEN: 'secret-of-the-test' },
    });
    await using _ = running;
    assert.equal(await post(), 401);
    assert.equal(await post({ authorization: 'Bearer secret-of-the-test' }), 200);
    running.kill('SIGTERM');
    assert.doesNotMatch((await running.ended).stderr, /secret-of-the-test/);
  });

  const wrong: Record<string, RegExp> = {
    'unknown-setting.yml': /^gleaner: unknown-setting\.yml:11:3: admin\.porte: Unknown field\.$/m,
    'bad-setting.yml': /^gleaner: bad-setting\.yml:11:16: drain_timeout: Expected a time such as 500ms/m,
    'bad-rate.yml': /^gleaner: bad-rate\.yml:4:18: .*must be an number in range/m,
  };
  for (const [file, message] of Object.entries(wrong)) {
    it(`refuses ${file}, with line, column and exit code 2`, async () => {
      const { exitCode, stdout, stderr } = await gleaner(['collect', '--config', file], { folder });
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    });
  }
});
