import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';

import type { Program } from '@gleaner/workspace/api';

import { prepareProgram } from './prepare.ts';
import { ProgramError } from './program-error.ts';

type Command = Extract<Program, { kind: 'command' }>;

const inherited = {
  PATH: '/bin',
  no_proxy: 'example.org',
  GLEANER_DATABASE_URL: 'postgres://secret',
  AZUREML_MDC_PORT: '1',
};

function prepare(program: Omit<Command, 'kind'>, environmentVariables: Record<string, string> = {}) {
  const model = { name: 'm', version: '1', path: '/models/m/1/model.pkl' };
  return prepareProgram(
    { program: { kind: 'command', ...program }, model, environmentVariables },
    { environmentsFolder: tmpdir(), log: () => {}, inherited },
  );
}

describe('prepareProgram of a command', () => {
  it('gives the command as it is, and its port in PORT', async () => {
    const prepared = await prepare({ command: ['serve', '--now'], codeFolder: tmpdir() });
    const { command, cwd, environment, port, routes } = await prepared.commandOn(4001);
    assert.deepEqual({ command, cwd, port }, { command: ['serve', '--now'], cwd: tmpdir(), port: 4001 });
    assert.equal(environment['PORT'], '4001');
    assert.equal(environment['AZUREML_MODEL_DIR'], '/models/m/1');
    assert.deepEqual(routes, { liveness: undefined, readiness: undefined });
  });

  it('lets the plan set variables, but not those of the platform', async () => {
    const prepared = await prepare(
      { command: ['serve'] },
      { PATH: '/mine', WORKERS: '2', PORT: '1', AZUREML_MODEL_DIR: '/' },
    );
    const { environment } = await prepared.commandOn(4001);
    assert.equal(environment['PATH'], '/mine');
    assert.equal(environment['WORKERS'], '2');
    assert.equal(environment['PORT'], '4001');
    assert.equal(environment['AZUREML_MODEL_DIR'], '/models/m/1');
  });

  it('keeps settings of Gleaner from the program, and its records from a proxy', async () => {
    const { environment } = await (await prepare({ command: ['serve'] })).commandOn(4001);
    assert.equal(environment['GLEANER_DATABASE_URL'], undefined);
    assert.equal(environment['AZUREML_MDC_PORT'], undefined);
    assert.equal(environment['no_proxy'], 'example.org,127.0.0.1,localhost');
    assert.equal(environment['NO_PROXY'], 'example.org,127.0.0.1,localhost');
  });

  it('asks the routes of the environment, on the port it was given', async () => {
    const prepared = await prepare({
      command: ['serve'],
      routes: { liveness: { path: '/live', port: 8080 } },
    });
    const { routes } = await prepared.commandOn(4001);
    assert.deepEqual(routes.liveness, { path: '/live', port: 4001 });
  });

  it('stays on the port of its scoring route, and says when that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { port } = address;
    const prepared = await prepare({ command: ['serve'], routes: { scoring: { path: '/score', port } } });
    assert.equal(prepared.fixedPort, port);
    await assert.rejects(
      prepared.commandOn(4001),
      (error) =>
        error instanceof ProgramError && error.code === 'port_in_use' && error.message.includes(String(port)),
    );
    server.close();
    await once(server, 'close');
    const { environment } = await prepared.commandOn(4001);
    assert.equal(environment['PORT'], String(port));
  });

  it('refuses an empty command and a folder that is not there', async () => {
    await assert.rejects(prepare({ command: [] }), isFailure);
    await assert.rejects(prepare({ command: ['serve'], codeFolder: '/nowhere/at/all' }), isFailure);
  });
});

function isFailure(error: unknown): boolean {
  return error instanceof ProgramError && error.code === 'program_failed';
}
