import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { gleaner } from '../../gleaner-process.ts';
import { descendantsOf } from './process-tree.ts';
import { startUp } from './up-fixture.ts';
import type { UpWorkspace, Words } from './up-fixture.ts';

/** A deployment file by its parts; `score.ts` is there and works unless `files` says otherwise. */
interface Case {
  deployment: Record<string, unknown>;
  files?: Record<string, string>;
}

const good = {
  name: 'blue',
  endpoint_name: 'bad',
  code_configuration: { code: '.', scoring_script: 'score.ts' },
  instance_type: 'local',
};

const update = (...flags: string[]): Words => ['ml', 'online-endpoint', 'update', '-n', 'bad', ...flags];

describe('what cannot be done', () => {
  let workspace: UpWorkspace;
  before(async () => {
    workspace = await startUp();
    await workspace.run('ml online-endpoint create -n bad');
  });
  after(async () => workspace[Symbol.asyncDispose]());

  it('names against the rules are refused in the words of the original', async () => {
    await refused('ml online-endpoint create -n ab', 2, /at least 3 and at most 32 characters long/);
    await refused('ml online-endpoint create -n 1abc', 2, /must start with an upper- or lowercase letter/);
    await refusedFile({ deployment: { ...good, name: 'a_b' } }, 2, /only consist of '-'s and alphanumeric/);
  });

  it('traffic that does not sum to 0 or 100, or goes to nobody', async () => {
    await refused(update('--traffic', 'blue=50'), 1, /blue/);
    await refused(update('--traffic', 'blue=50 green=60'), 2, /must sum to/);
    await refused(update('--traffic', 'blue'), 2, /blue/);
  });

  it('a deployment of an endpoint that does not exist', async () => {
    await refusedFile({ deployment: { ...good, endpoint_name: 'nowhere' } }, 1, /nowhere/);
  });

  it('a scoring script that fails in init(): the last lines of its log, and nothing left running', async () => {
    const before = (await descendantsOf(workspace.root.pid)).length;
    await refusedFile(
      {
        deployment: good,
        files: {
          'score.ts':
            'export function init() { throw new Error("no model here") }\nexport const run = () => 1;\n',
        },
      },
      1,
      /no model here/,
    );
    assert.equal((await descendantsOf(workspace.root.pid)).length, before);
  });

  it('a conda file that cannot be solved', async () => {
    const files = {
      'score.py': 'def init(): pass\ndef run(data): return 1\n',
      'conda.yml': 'dependencies: [python, pip, {pip: ["surely-no-such-package-xyz==99.1"]}]\n',
    };
    const deployment = {
      ...good,
      code_configuration: { code: '.', scoring_script: 'score.py' },
      environment: { conda_file: 'conda.yml', image: 'x:1' },
    };
    await refusedFile({ deployment, files }, 1, /surely-no-such-package-xyz/);
  });

  it('paths that do not exist are told before anything is sent', async () => {
    await refusedFile({ deployment: { ...good, model: { path: 'no/model.pkl' } } }, 2, /no\/model\.pkl/);
    const code_configuration = { code: 'no-folder', scoring_script: 'score.ts' };
    await refusedFile({ deployment: { ...good, code_configuration } }, 2, /no-folder/);
  });

  it('a server of ours that is not there', async () => {
    const ended = await gleaner(['ml', 'online-endpoint', 'list'], {
      environment: { GLEANER_SERVER: 'http://127.0.0.1:9' },
    });
    assert.equal(ended.exitCode, 1);
    assert.match(ended.stderr, /gleaner up/);
  });

  it('a port that is taken, and an address that is not loopback', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const folder = join(workspace.data, '..');
    const taken = await gleaner(['up', '--data', 'other', '--listen', `127.0.0.1:${port}`], { folder });
    server.close();
    assert.equal(taken.exitCode, 1);
    assert.match(taken.stderr, new RegExp(`${port}`));
    const open = await gleaner(['up', '--data', 'other', '--listen', '0.0.0.0:0'], { folder });
    assert.equal(open.exitCode, 2);
    assert.match(open.stderr, /loopback/);
    const same = await gleaner(['up', '--data', workspace.data, '--listen', '127.0.0.1:0'], { folder });
    assert.equal(same.exitCode, 1, 'two workspaces on one folder');
  });

  async function refused(words: Words, exitCode: number, why: RegExp): Promise<void> {
    const ended = await workspace.tried(words);
    assert.match(ended.stderr, why);
    assert.equal(ended.exitCode, exitCode, ended.stderr);
    assert.doesNotMatch(ended.stderr, /this is a bug/);
  }

  let cases = 0;
  async function refusedFile({ deployment, files }: Case, exitCode: number, why: RegExp): Promise<void> {
    const folder = join(workspace.data, '..', `case-${cases++}`);
    await mkdir(folder, { recursive: true });
    const all = { 'score.ts': 'export const run = () => 1;\n', ...files };
    for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));
    await refused(['ml', 'online-deployment', 'create', '-f', join(folder, 'deployment.yml')], exitCode, why);
  }
});
