import type { Command } from 'commander';

import { usageError } from '../output/failure.ts';
import { addSettingFlags, settingEnvironment, settingFlags } from './collector-options.ts';
import { endWithNpx } from './end-with-npx.ts';

interface RunOptions {
  file?: string;
  config?: string;
  data?: string;
}

/** The command's own output comes first. */
const defaults = { log_level: 'warn' };

const help = `
Exit code:
  That of the command: 128 + n after signal n, 127 when it does not exist.
  But 1 for 0 when records had to stay in the spool.

Example:
  gleaner run -f deployment.yml -- azmlinfsrv --entry_script score.py`;

/** `gleaner run`: the collector beside any model server, for as long as that runs. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('Run a command with a collector beside it; signals and its exit code are passed through.')
    .usage('-f <file> [options] -- <command...>')
    .option('-f, --file <file>', 'deployment YAML with a data_collector block')
    .option('-c, --config <file>', 'instead of it: collector configuration (YAML), with all settings')
    .option('--data <folder>', 'folder the data go to (default: ./gleaner-data)')
    .argument('[command...]', 'the model server, after --')
    .passThroughOptions()
    .addHelpText('after', help);
  addSettingFlags(command, defaults);
  command.action(async (words: string[], options: RunOptions & Record<string, unknown>) => {
    if (words.length === 0) throw usageError('The command to run is missing.', 'Write it after --.');
    const { file, config } = options;
    if ((file === undefined) === (config === undefined))
      throw usageError('One file says what to collect.', 'Name it with -f, or with --config.');
    endWithNpx();
    const { runBeside } = await import('./run-beside.ts');
    process.exitCode = await runBeside(words, {
      ...(file !== undefined && { deploymentFile: file }),
      ...(config !== undefined && { collectorFile: config }),
      flags: settingFlags(options),
      environment: settingEnvironment(defaults),
      ...(options.data !== undefined && { dataFolder: options.data }),
    });
  });
}
