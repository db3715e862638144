import type { Command } from 'commander';

import { addSettingFlags, settingFlags } from './collector-options.ts';

interface CollectOptions {
  config: string;
  data?: string;
}

/** `gleaner collect`: the collector as a long-running sidecar. */
export function registerCollect(program: Command): void {
  const command = program
    .command('collect')
    .description('Run the collector as a sidecar until SIGTERM, then drain.')
    .requiredOption('-c, --config <file>', 'collector configuration (YAML)')
    .option('--data <folder>', 'folder of the default datastore')
    .addHelpText('after', '\nExample:\n  gleaner collect --config collector.yml');
  addSettingFlags(command);
  command.action(async (options: CollectOptions & Record<string, unknown>) => {
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
