import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { gleaner, startGleaner, startProcess } from '../gleaner-process.ts';
import type { GleanerOptions, Running } from '../gleaner-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-run-'));
after(() => rm(folder, { recursive: true }));
const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const collections = { model_inputs: { enabled: 'true' } };
const deployment = { name: 'blue', endpoint_name: 'iris', instance_type: 'local' };
await writeFile(
  join(folder, 'deployment.yml'),
  JSON.stringify({ ...deployment, data_collector: { collections } }),
);
await writeFile(join(folder, 'script-without-mode'), '');
await writeFile(join(folder, 'script-without-interpreter'), '#!/nowhere/python\n');
await chmod(join(folder, 'script-without-interpreter'), 0o755);

/** Says what it gets and ends at `last` with 7, 300 ms later. */
const receiver = (last: string) => `
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => {
    console.log('got', signal);
    if (signal === '${last}') setTimeout(() => process.exit(7), 300);
  });
  setInterval(() => {}, 1e6);
  console.log('ready');`;

let spools = 0;
/** The words before the command; every run has a spool of its own. */
const beside = (file = 'deployment.yml', data = `data-${spools++}`) =>
  `run -f ${file} --data ${data} --intake-port 0 --admin-port 0 --`.split(' ');
const node = (program: string) => [process.execPath, '-e', program] as const;
const run = (words: readonly string[], options: GleanerOptions = {}) =>
  gleaner([...beside(), ...words], { folder, ...options });

async function start(program: string): Promise<Running> {
  const running = startGleaner([...beside(), ...node(program)], { folder });
  await running.until(/ready/);
  return running;
}

const printed = 'console.log(JSON.stringify(process.env, Object.keys(process.env).sort()))';
const environmentOf = async (environment: Record<string, string>): Promise<NodeJS.ProcessEnv> => {
  const { stdout } = await run(node(printed), { environment });
  return JSON.parse(stdout) as NodeJS.ProcessEnv;
};

describe('gleaner run', { concurrency: 2 }, () => {
  describe('tells the command where the collector is', () => {
    it('in the variables of the SDKs', async () => {
      const { exitCode, stderr } = await run(
        node(`
          const { AZUREML_MDC_HOST: host, AZUREML_MDC_PORT: port, AZUREML_MDC_CONFIG_PATH: path } = process.env;
          const { collections } = JSON.parse(require('node:fs').readFileSync(path, 'utf8'));
          const headers = { 'content-type': 'application/json', 'ce-type': 'azureml.inference.model_inputs' };
          fetch('http://' + host + ':' + port + '/modeldata/log', { method: 'POST', headers, body: '[{"a":1}]' })
            .then(({ status }) => { process.exitCode = 'model_inputs' in collections && status === 200 ? 0 : 1; });`),
      );
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /1 records accepted, all in data-/);
    });

    it('and keeps it out of the hands of a proxy', async () => {
      const none = await environmentOf({ NO_PROXY: '', no_proxy: '' });
      assert.equal(none['NO_PROXY'], '127.0.0.1,localhost');
      assert.equal(none['no_proxy'], '127.0.0.1,localhost');
      const some = await environmentOf({ NO_PROXY: '.corp, localhost', no_proxy: '10.0.0.1' });
      assert.equal(some['NO_PROXY'], '.corp,localhost,127.0.0.1');
      assert.equal(some['no_proxy'], '10.0.0.1,127.0.0.1,localhost');
      const all = await environmentOf({ NO_PROXY: '*', no_proxy: '*' });
      assert.equal(all['NO_PROXY'], '*');
    });
  });

  it('gives the exit code of the command, 128 + n after signal n', async () => {
    assert.equal((await run(node('process.exit(3)'))).exitCode, 3);
    assert.equal((await run(node('process.kill(process.pid, "SIGTERM")'))).exitCode, 143);
    assert.equal((await run(node('process.kill(process.pid, "SIGKILL")'))).exitCode, 137);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const) {
    it(`passes ${signal} on and waits for the command to end`, async () => {
      await using running = await start(receiver(signal));
      running.kill(signal);
      const { exitCode, stdout, stderr } = await running.ended;
      assert.equal(stdout, `ready\ngot ${signal}\n`);
      assert.equal(exitCode, 7, stderr);
      assert.match(stderr, /0 records accepted, all in/);
    });
  }

  it('passes a second Ctrl-C on', async () => {
    await using running = await start(receiver('SIGTERM'));
    for (const said of [/ready\ngot SIGINT\n$/, /got SIGINT\ngot SIGINT\n$/]) {
      running.kill('SIGINT');
      await running.until(said);
      await sleep(150);
    }
    running.kill('SIGTERM');
    assert.equal((await running.ended).exitCode, 7);
  });

  it('leaves nothing behind of what the command started', async () => {
    const program = `
      const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'inherit' });
      child.once('spawn', () => process.exit(0));`;
    // It has not ended as long as anybody holds its output open.
    assert.equal((await run(node(program))).exitCode, 0);
  });

  it('goes on to the end when its output is closed', async () => {
    await using running = await start(receiver('SIGHUP'));
    running.closeOutput();
    running.kill('SIGHUP');
    assert.equal((await running.ended).exitCode, 7);
  });

  it('ends when npx is told to end, which passes no signal on', async () => {
    const words = [
      ...beside(join(folder, 'deployment.yml'), join(folder, 'data-npx')),
      ...node(receiver('SIGTERM')),
    ];
    await using npx = startProcess(['npx', '--yes=false', '--', 'gleaner', ...words], { folder: repository });
    await npx.until(/ready/);
    npx.kill('SIGTERM');
    assert.match((await npx.ended).stdout, /got SIGTERM/);
  });

  const notStarted: Record<string, [number, RegExp]> = {
    'no-such-command': [
      127,
      /^gleaner: no-such-command cannot be started: there is no such command\n {2}fix: /m,
    ],
    './script-without-interpreter': [127, /the interpreter if it is a script/],
    './script-without-mode': [126, /it is not executable/],
  };
  for (const [command, [code, message]] of Object.entries(notStarted)) {
    it(`ends with ${code} for ${command}`, async () => {
      const { exitCode, stdout, stderr } = await run([command]);
      assert.equal(exitCode, code);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at |ENOENT/m);
    });
  }

  it('says when the deployment enables no collection', async () => {
    await writeFile(join(folder, 'nothing.yml'), JSON.stringify(deployment));
    const { exitCode, stderr } = await gleaner([...beside('nothing.yml'), 'true'], { folder });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /nothing\.yml enables no collection: nothing will be collected/);
  });
});
