/** The collector as a process of its own, on the folder that is named; `--faulty <seed>` puts a store in front that fails. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { createLogger, loadConfig, openCollector } from '@gleaner/collector';
import { openFolderDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, randomFaults, seededRandom } from '@gleaner/testkit';

const { values } = parseArgs({
  options: { folder: { type: 'string', default: '.' }, faulty: { type: 'string' } },
});
const config = await loadConfig({
  deploymentFile: join(values.folder, 'deployment.yml'),
  dataFolder: join(values.folder, 'data'),
  flags: { 'log-level': 'silent' },
  environment: process.env,
});
const collector = await openCollector(config, {
  logger: createLogger(config),
  async openDatastore({ path }) {
    const datastore = await openFolderDatastore(path);
    if (values.faulty === undefined) return datastore;
    const random = seededRandom(Number(values.faulty));
    const odds = { refuse: 0.1, hang: 0.02, tear: 0.1, 'lose answer': 0.1, late: 0.03 };
    return createFaultyDatastore(datastore, { plan: randomFaults(random, odds) });
  },
});
process.stdout.write(`${JSON.stringify({ intake: collector.intakePort, admin: collector.adminPort })}\n`);
process.once('SIGTERM', () => {
  void collector.drain(AbortSignal.timeout(config.settings.drain_timeout)).then(({ complete }) => {
    process.exit(complete ? 0 : 1);
  });
});
