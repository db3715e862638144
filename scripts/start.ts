// The show: a workspace starts, an endpoint gets a deployment, 150 requests come, and all that went in and out is kept.
import { parseArgs } from 'node:util';
import { Failure, runInterruptibly } from './interruption.ts';
import { chooseExample } from './show/example.ts';
import type { Example } from './show/example.ts';
import { irisRequests, sendRequests } from './show/requests.ts';
import { startWorkspace } from './show/workspace.ts';
import type { ShownWorkspace } from './show/workspace.ts';

await runInterruptibly(async (signal) => {
  const { data, listen, once } = options();
  const example = chooseExample();
  const verify = ['data', 'verify', data];
  const workspace = await startWorkspace({ data, listen }, signal);
  try {
    await deploy(example, workspace);
    await collect(workspace, signal);
    await look(workspace);
    if (!once) await workspace.untilStopped();
  } finally {
    await workspace.stop();
  }
  return workspace.runAfter(verify);
});

interface Options {
  data: string;
  listen: string;
  once: boolean;
}

function options(): Options {
  try {
    return parseArgs({
      options: {
        data: { type: 'string', default: 'gleaner-data' },
        listen: { type: 'string', default: '127.0.0.1:5080' },
        once: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      `${why}\n  fix: npm start, or npm start -- --once --data <folder> --listen <host:port>`,
    );
  }
}

async function deploy({ folder, instead }: Example, workspace: ShownWorkspace): Promise<void> {
  const endpoints = (await workspace.read(['ml', 'online-endpoint', 'list'])) as { name: string }[];
  if (!endpoints.some(({ name }) => name === 'iris'))
    await workspace.must(['ml', 'online-endpoint', 'create', '-f', `${folder}/endpoint.yml`]);
  const create = ['ml', 'online-deployment', 'create', '-f', `${folder}/deployment.yml`, '--all-traffic'];
  if (instead === undefined) return workspace.must(create);
  if ((await workspace.run(create)) === 0) return;
  console.log('\nThe Python example cannot run here: see above. The same in TypeScript instead.');
  await deploy(instead, workspace);
}

async function collect(workspace: ShownWorkspace, signal: AbortSignal): Promise<void> {
  const { primaryKey } = (await workspace.read([
    'ml',
    'online-endpoint',
    'get-credentials',
    '-n',
    'iris',
  ])) as { primaryKey: string };
  const bodies = await irisRequests();
  const before = await workspace.recordCount();
  try {
    await sendRequests(`${workspace.url}/endpoints/iris/score`, { bodies, key: primaryKey, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw await workspace.failure(error instanceof Error ? error.message : String(error));
  }
  await workspace.untilRecords(before + 2 * bodies.length);
}

async function look({ data, must }: ShownWorkspace): Promise<void> {
  const folder = `${data}/workspaceblobstore/modelDataCollector/iris/blue`;
  await must(['data', 'ls', folder, '--tree']);
  await must(['data', 'join', `${folder}/model_inputs`, `${folder}/model_outputs`, '-n', '5']);
  await must(['ml', 'data', 'list']);
}
