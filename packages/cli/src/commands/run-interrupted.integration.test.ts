import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { gleaner, startGleaner } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-interrupted-'));
after(() => rm(folder, { recursive: true }));
const deployment = {
  name: 'blue',
  endpoint_name: 'iris',
  instance_type: 'local',
  data_collector: { collections: { model_inputs: { enabled: 'true' } } },
};
await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));

/** Sends one record after the other over four connections, and says of each that it is acknowledged, until a signal ends it. */
const sender = `
  const { AZUREML_MDC_HOST: host, AZUREML_MDC_PORT: port } = process.env;
  const headers = { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' };
  const post = () => fetch('http://' + host + ':' + port + '/modeldata/log', { method: 'POST', headers, body: '[1]' });
  const send = async () => {
    for (;;) if ((await post()).status === 200) process.stdout.write('acknowledged\\n');
  };
  for (let i = 0; i < 4; i++) send();`;

const wordsOf = (...command: string[]) =>
  'run -f deployment.yml --data data --intake-port 0 --admin-port 0 --'.split(' ').concat(command);

describe('gleaner run', () => {
  it('stores all that it acknowledged, whenever a signal ends it', async () => {
    let acknowledged = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
      await using running = startGleaner(wordsOf(process.execPath, '-e', sender), { folder });
      await running.until(/acknowledged/);
      await sleep(Math.random() * 200);
      running.kill(signal);
      const { stdout, stderr } = await running.ended;
      if (signal !== 'SIGKILL') assert.match(stderr, /records accepted, all in data/);
      acknowledged += stdout.split('\n').length - 1;
    }
    const { exitCode, stderr } = await gleaner(wordsOf('true'), { folder });
    assert.equal(exitCode, 0, stderr);
    const { stdout } = await gleaner(['data', 'verify', 'data', '-o', 'json'], { folder });
    const { totals } = JSON.parse(stdout) as { totals: Record<string, number> };
    assert.deepEqual([totals['missing'], totals['duplicate']], [0, 0]);
    assert.equal(totals['stored'], totals['accepted']);
    assert.ok((totals['stored'] ?? 0) >= acknowledged, `${totals['stored']} of ${acknowledged}`);
  });
});
