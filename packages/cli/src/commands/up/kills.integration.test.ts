import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startLoad } from './load-fixture.ts';
import type { Sent } from './load-fixture.ts';
import { descendantsOf } from './process-tree.ts';
import { examples, startUp } from './up-fixture.ts';
import type { UpWorkspace } from './up-fixture.ts';

const folder = join(examples, 'iris-typescript');
const clients = 4;

/** What the command line of each kind of process holds. */
const kinds = {
  workspace: /workspace-process/,
  gateway: /gateway\/main/,
  collector: / collect /,
  program: /score-host/,
} as const;

describe('a workspace under load', () => {
  it('loses the requests in flight at most, and no record, whatever is killed', async () => {
    await using workspace = await startUp();
    await deployWithPayloads(workspace);
    await workspace.score('iris', { data: [[5, 3, 1, 0]] });
    await using load = startLoad({
      clients,
      pauseMs: 5,
      send: (id) =>
        workspace.score('iris', { data: [[5.1, 3.5, 1.4, 0.2]] }, { headers: { 'x-request-id': id } }),
    });
    const killed: string[] = [];
    for (const kind of ['workspace', 'gateway', 'collector', 'program'] as const) {
      await sleep(1000);
      const before = load.answered();
      process.kill(await pidOf(workspace, kind), 'SIGKILL');
      killed.push(kind);
      await untilAnswered(load, before + 100);
      await sleep(500);
      await pidOf(workspace, kind);
    }
    const sent = await load.stop();
    const failed = sent.filter(({ status }) => status !== 200);
    assert.ok(
      failed.length <= killed.length * clients,
      `${failed.length} of ${sent.length} failed: ${describeFailed(failed)}`,
    );
    assert.equal((await workspace.json<unknown[]>('ml online-endpoint list')).length, 1);

    workspace.root.kill('SIGTERM');
    assert.equal((await workspace.root.ended).exitCode, 0);
    const verified = await workspace.run(`data verify ${workspace.data}`);
    assert.match(verified, /missing 0 · duplicate 0/);
    const answered = sent.filter(({ status }) => status === 200).map(({ id }) => id);
    const responses = await workspace.records('iris/blue/response', answered.length);
    const kept = new Set(responses.map(({ correlationid }) => correlationid));
    const missing = answered.filter((id) => !kept.has(id));
    assert.ok(missing.length <= clients, `answered and not kept: ${missing.join(' ')}`);
    assert.equal(responses.length, kept.size, 'no response twice');
  });

  for (const killed of ['workspace', 'root'] as const) {
    it(`goes on with a create that was cut when the ${killed} was killed`, async () => {
      await using workspace = await startUp();
      await workspace.run('ml online-endpoint create -n slow');
      const slow = 'export const init = () => new Promise((done) => setTimeout(done, 2000));';
      await writeFile(join(workspace.data, '../score.ts'), `${slow}\nexport const run = () => 'up';\n`);
      const file = join(workspace.data, '../deployment.yml');
      await writeFile(
        file,
        'name: blue\nendpoint_name: slow\ninstance_type: local\ncode_configuration: { code: ., scoring_script: score.ts }\n',
      );
      const creating = workspace.tried(`ml online-deployment create -f ${file} --all-traffic`);
      await pidOf(workspace, 'program');
      if (killed === 'root') await workspace.restart('SIGKILL');
      else process.kill(await pidOf(workspace, 'workspace'), 'SIGKILL');
      const { exitCode, stderr } = await creating;
      assert.equal(exitCode, 0, stderr);
      const answer = await workspace.score('slow', {});
      assert.equal(await answer.json(), 'up');
    });
  }

  it('brings back a deployment that needs something which comes late', async () => {
    await using workspace = await startUp();
    await workspace.run('ml online-endpoint create -n late');
    const needed = join(workspace.data, '../database');
    await writeFile(needed, '');
    await writeFile(
      join(workspace.data, '../score.ts'),
      `import { readFileSync } from 'node:fs';
export const init = () => readFileSync(${JSON.stringify(needed)});
export const run = () => 'up';
`,
    );
    const file = join(workspace.data, '../deployment.yml');
    await writeFile(
      file,
      'name: blue\nendpoint_name: late\ninstance_type: local\ncode_configuration: { code: ., scoring_script: score.ts }\n',
    );
    await workspace.run(`ml online-deployment create -f ${file} --all-traffic`);
    await rm(needed);
    await workspace.restart('SIGTERM');
    await sleep(4000);
    await writeFile(needed, '');
    const answer = await untilAnswer(workspace, 'late');
    assert.equal(await answer.json(), 'up');
    const shown = await workspace.json<{ provisioning_state: string }>(
      'ml online-deployment show -e late -n blue',
    );
    assert.equal(shown.provisioning_state, 'Succeeded');
  });

  it('is up again by itself when the root is killed', async () => {
    await using workspace = await startUp();
    await deployWithPayloads(workspace);
    const before = await descendantsOf(workspace.root.pid);
    await workspace.restart('SIGKILL');
    await untilAnswer(workspace, 'iris');
    const left = (await Promise.all(before.map(({ pid }) => commandOf(pid)))).filter(
      (command, index) => command === before[index]?.command,
    );
    assert.deepEqual(left, [], 'processes of the life before');
  });
});

async function deployWithPayloads(workspace: UpWorkspace): Promise<void> {
  const file = join(workspace.data, '../deployment.yml');
  await writeFile(
    file,
    `name: blue
endpoint_name: iris
code_configuration: { code: ${folder}, scoring_script: score.ts }
instance_type: local
request_settings: { max_concurrent_requests_per_instance: 16, request_timeout_ms: 20000 }
data_collector:
  collections:
    model_inputs: { enabled: 'true' }
    request: { enabled: 'true' }
    response: { enabled: 'true' }
`,
  );
  await workspace.run(`ml online-endpoint create -f ${folder}/endpoint.yml`);
  await workspace.run(`ml online-deployment create -f ${file} --all-traffic`);
}

async function pidOf(workspace: UpWorkspace, kind: keyof typeof kinds): Promise<number> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = (await descendantsOf(workspace.root.pid)).find(({ command }) => kinds[kind].test(command));
    if (found !== undefined) return found.pid;
    assert.ok(Date.now() < deadline, `no ${kind} is running`);
    await sleep(50);
  }
}

async function untilAnswered(load: { answered(): number }, count: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (load.answered() < count) {
    assert.ok(Date.now() < deadline, 'requests are answered again');
    await sleep(20);
  }
}

async function untilAnswer(workspace: UpWorkspace, endpoint: string): Promise<Response> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await workspace.score(endpoint, { data: [[5.1, 3.5, 1.4, 0.2]] }).catch(() => undefined);
    if (answer?.status === 200) return answer;
    assert.ok(Date.now() < deadline, 'served again');
    await sleep(100);
  }
}

async function commandOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => undefined);
  return text?.replaceAll('\0', ' ').trim();
}

function describeFailed(failed: readonly Sent[]): string {
  return failed
    .map(({ id, status, startedMs, endedMs }) => `${id} ${status} ${endedMs - startedMs} ms`)
    .join(', ');
}
