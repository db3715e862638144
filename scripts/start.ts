// The show: a scoring script is served as it is, 150 requests come, and all that went in and out is kept.
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { Failure, runInterruptibly } from './interruption.ts';
import { run } from './process-group.ts';
import { gleaner, repository } from './repository.ts';
import { chooseExample } from './show/example.ts';
import type { Example } from './show/example.ts';
import { printCommand } from './show/print.ts';
import { irisRequests, sendRequests } from './show/requests.ts';
import { serve } from './show/serve.ts';

await runInterruptibly(async (signal) => {
  const data = dataFolder();
  await collect(await chooseExample(signal), data, signal);
  const folder = `${data}/modelDataCollector/iris/blue`;
  const looks = [
    ['ls', data, '--tree'],
    ['head', data, '-n', '3'],
    ['join', `${folder}/model_inputs`, `${folder}/model_outputs`, '-n', '5'],
    ['verify', data],
  ];
  for (const look of looks) {
    const code = await show(['gleaner', 'data', ...look], signal);
    if (code !== 0) return code;
  }
  return 0;
});

function dataFolder(): string {
  try {
    return parseArgs({ options: { data: { type: 'string', default: 'gleaner-data' } } }).values.data;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`${why}\n  fix: npm start, or npm start -- --data <folder>`);
  }
}

async function collect(example: Example, data: string, signal: AbortSignal): Promise<void> {
  console.log(
    `${pc.bold(example.title)};\nthe collector beside it; what they say goes to ${data}/.start.log\n`,
  );
  signal.addEventListener('abort', sayStopping);
  await using served = await serve(example, data, signal);
  const bodies = await irisRequests();
  try {
    await sendRequests(`${served.url}/score`, bodies, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw await served.failure(error instanceof Error ? error.message : String(error));
  }
  await served.untilCollected(2 * bodies.length);
  await served.stop();
  signal.removeEventListener('abort', sayStopping);
}

function sayStopping(): void {
  console.error('\nstopping; what was accepted is being stored');
}

/** Runs a command as the user would, and gives its exit code. */
async function show(words: readonly string[], signal: AbortSignal): Promise<number> {
  console.log();
  printCommand(words);
  const command = [...gleaner, ...words.slice(1)];
  return run(command, { stdio: ['ignore', 'inherit', 'inherit'], cwd: repository, signal });
}
