import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startLoad } from './load-fixture.ts';
import { startUp } from './up-fixture.ts';
import type { UpWorkspace } from './up-fixture.ts';

describe('an update of a deployment', () => {
  it('drops no request under load', async () => {
    await using workspace = await startUp();
    await deploy(workspace, { answer: 'one' });
    await using load = startLoad({ clients: 4, pauseMs: 5, send: (id) => send(workspace, id) });
    await workspace.run(`ml online-deployment update -f ${await write(workspace, { answer: 'two' })}`);
    const sent = await load.stop();
    assert.ok(sent.length > 50, `${sent.length} requests in the meantime`);
    assert.deepEqual(
      sent.filter(({ status }) => status !== 200),
      [],
    );
    assert.equal(await (await send(workspace, 'r-last')).json(), 'two');
  });

  it('that cannot start leaves the one before as it was', async () => {
    await using workspace = await startUp();
    await deploy(workspace, { answer: 'one' });
    const { exitCode, stderr } = await workspace.tried(
      `ml online-deployment update -f ${await write(workspace, { answer: 'x', init: 'throw new Error("no weights here")' })}`,
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /no weights here/, 'the last lines of its log');
    assert.equal(await (await send(workspace, 'r-1')).json(), 'one');
    const shown = await workspace.json<{ provisioning_state: string }>(
      'ml online-deployment show -e echo -n blue',
    );
    assert.equal(shown.provisioning_state, 'Failed');
  });

  it('of the sampling rate takes effect without a restart', async () => {
    await using workspace = await startUp();
    await deploy(workspace, { answer: 'one' });
    await send(workspace, 'r-before');
    await workspace.records('echo/blue/request', 1);
    await workspace.run('ml online-deployment update -e echo -n blue --set data_collector.sampling_rate=0');
    for (let i = 0; i < 20; i++) await send(workspace, `r-${i}`);
    await workspace.run('ml online-deployment update -e echo -n blue --set data_collector.sampling_rate=1');
    await send(workspace, 'r-after');
    const kept = await workspace.records('echo/blue/request', 2);
    assert.deepEqual(
      kept.map(({ correlationid }) => correlationid),
      ['r-before', 'r-after'],
    );
  });
});

const send = (workspace: UpWorkspace, id: string): Promise<Response> =>
  workspace.score('echo', {}, { headers: { 'x-request-id': id } });

interface Version {
  answer: string;
  /** Body of `init`. */
  init?: string;
}

async function deploy(workspace: UpWorkspace, version: Version): Promise<void> {
  await workspace.run(`ml online-endpoint create -n echo`);
  await workspace.run(`ml online-deployment create -f ${await write(workspace, version)} --all-traffic`);
}

async function write(workspace: UpWorkspace, { answer, init = '' }: Version): Promise<string> {
  const folder = join(workspace.data, '..', `echo-${answer}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'score.ts'),
    `export function init(): void { ${init} }\nexport const run = (): string => '${answer}';\n`,
  );
  const file = join(folder, 'deployment.yml');
  await writeFile(
    file,
    `name: blue
endpoint_name: echo
code_configuration: { code: ., scoring_script: score.ts }
instance_type: local
request_settings: { max_concurrent_requests_per_instance: 8 }
data_collector:
  collections:
    request: { enabled: 'true' }
`,
  );
  return file;
}
