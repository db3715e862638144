/** The collector of `gleaner collect` over a store that fails by chance: `<collector.yml> <data folder> <seed>`. */
import { createLogger, loadConfig, openCollector } from '@gleaner/collector';
import { isProbe, openDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, randomFaults, seededRandom } from '@gleaner/testkit';
import type { FaultPlan } from '@gleaner/testkit';

const [collectorFile = '', dataFolder = '', seed = '0'] = process.argv.slice(2);
const odds = { refuse: 0.06, hang: 0.03, tear: 0.08, 'lose answer': 0.08, late: 0.04 };
const faults = randomFaults(seededRandom(Number(seed)), odds);
// A store that refuses for good when the collector starts is another test's.
const plan: FaultPlan = (call) => (isProbe(call.path) ? undefined : faults(call));
const config = await loadConfig({ collectorFile, dataFolder, flags: {}, environment: {} });
await using collector = await openCollector(config, {
  logger: createLogger(config),
  openDatastore: async (config) => createFaultyDatastore(await openDatastore(config), { plan }),
});
await new Promise((resolve) => process.once('SIGTERM', resolve));
const { complete } = await collector.drain(AbortSignal.timeout(config.settings.drain_timeout));
process.exitCode = complete ? 0 : 1;
