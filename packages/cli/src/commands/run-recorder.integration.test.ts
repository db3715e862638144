import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { linesBelow } from '@gleaner/testkit';

import { gleaner } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-recorder-'));
after(() => rm(folder, { recursive: true }));
const config = {
  name: 'blue',
  endpoint_name: 'iris',
  intake: { port: 0 },
  admin: { port: 0 },
  recorder: { minutes: 5 },
  data_collector: { sampling_rate: 0, collections: { model_inputs: { enabled: 'true' } } },
};
await writeFile(join(folder, 'collector.yml'), JSON.stringify(config));

/** Sends three records, and dies of it or not. */
const sender = (end: string) => `
  const { AZUREML_MDC_HOST: host, AZUREML_MDC_PORT: port } = process.env;
  const headers = { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' };
  const post = () => fetch('http://' + host + ':' + port + '/modeldata/log', { method: 'POST', headers, body: '[{"x":1}]' });
  Promise.all([post(), post(), post()]).then(() => { ${end} });`;

async function collected(data: string, end: string): Promise<string[]> {
  const words = [
    'run',
    '--config',
    'collector.yml',
    '--data',
    data,
    '--',
    process.execPath,
    '-e',
    sender(end),
  ];
  await gleaner(words, { folder });
  return await linesBelow(join(folder, data, 'modelDataCollector'));
}

describe('gleaner run with a flight recorder', () => {
  it('keeps what the sampling left out when the model server dies', async () => {
    const lines = await collected('dead', 'process.kill(process.pid, "SIGKILL")');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['keptby']),
      ['recorder', 'recorder', 'recorder'],
    );
  });

  it('forgets it when all goes well', async () => {
    assert.deepEqual(await collected('well', 'process.exitCode = 0'), []);
  });
});
