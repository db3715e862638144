import type { Command } from 'commander';

import { addSettingFlags, flaglessSettings, settingFlags } from './collector-options.ts';
import { endWithNpx } from './end-with-npx.ts';

interface CollectOptions {
  config: string;
  data?: string;
}

const help = ({ command }: { command: Command }): string => `
The file has name, endpoint_name and data_collector as a deployment YAML has
them, and may have datastores and settings: spool.path is GLEANER_SPOOL_PATH in
the environment, which wins over the file, and --spool, which wins over both.

Settings without a flag:
${flaglessSettings(command)}

Example:
  gleaner collect --config collector.yml`;

/** `gleaner collect`: the collector as a long-running sidecar. */
export function registerCollect(program: Command): void {
  const command = program
    .command('collect')
    .description('Run the collector as a sidecar until SIGTERM, then drain.')
    .requiredOption('-c, --config <file>', 'collector configuration (YAML)')
    .option('--data <folder>', 'folder of the default datastore (default: ./gleaner-data)')
    .addHelpText('after', help);
  addSettingFlags(command);
  command.action(async (options: CollectOptions & Record<string, unknown>) => {
    endWithNpx();
    const { loadConfig, runCollector } = await import('@gleaner/collector');
    const config = await loadConfig({
      collectorFile: options.config,
      flags: settingFlags(options),
      environment: process.env,
      ...(options.data !== undefined && { dataFolder: options.data }),
    });
    process.exitCode = await runCollector(config);
  });
}
