// The show: a scoring script is served as it is, 150 requests come, and all that went in and out is kept.
import pc from 'picocolors';
import { runInterruptibly } from './interruption.ts';
import { run } from './process-group.ts';
import { gleaner, repository } from './repository.ts';
import { chooseExample } from './show/example.ts';
import type { Example } from './show/example.ts';
import { printCommand } from './show/print.ts';
import { irisRequests, sendRequests } from './show/requests.ts';
import { serve } from './show/serve.ts';

const data = 'gleaner-data';

await runInterruptibly(async (signal) => {
  signal.addEventListener('abort', () => console.error('\nstopping; what was accepted is being stored'));
  const example = await chooseExample(signal);
  await collect(example, signal);

  const folder = `${data}/modelDataCollector/iris/blue`;
  await show(['data', 'ls', data, '--tree'], signal);
  await show(['data', 'head', data, '-n', '3'], signal);
  await show(['data', 'join', `${folder}/model_inputs`, `${folder}/model_outputs`], signal);
  return show(['data', 'verify', data], signal);
});

async function collect(example: Example, signal: AbortSignal): Promise<void> {
  console.log(`${pc.bold(example.title)}, and the collector beside it\n`);
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
}

/** Runs a command as the user would, and gives its exit code. */
async function show(words: readonly string[], signal: AbortSignal): Promise<number> {
  console.log();
  printCommand(['gleaner', ...words]);
  return run([...gleaner, ...words], { stdio: ['ignore', 'inherit', 'inherit'], cwd: repository, signal });
}
