/** The process that serves one `score.ts`: `main.ts --script /path/score.ts --port 5001`. */
import { parseArgs } from 'node:util';

import { offerSdk } from './own-sdk.ts';
import { startScoreHost } from './score-host.ts';
import { loadScript } from './script.ts';

const { values } = parseArgs({ options: { script: { type: 'string' }, port: { type: 'string' } } });

try {
  offerSdk();
  const script = await loadScript(values.script ?? '');
  await script.init();
  const host = await startScoreHost(script, { port: Number(values.port) });
  // What was asked is answered, then the process ends by itself, once everything collected has been sent.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => host.stop());
} catch (error) {
  console.error(error);
  // Whatever init started may keep the process alive.
  process.exit(1);
}
