import type { Command } from 'commander';

import { addSettingFlags, settingFlags } from './collector-options.ts';

interface RunOptions {
  file: string;
  data?: string;
}

/** `gleaner run`: the collector beside any model server, for as long as that runs. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('Run a command with a collector beside it; its exit code is passed through.')
    .requiredOption('-f, --file <file>', 'deployment YAML with a data_collector block')
    .option('--data <folder>', 'folder the data go to (default: ./gleaner-data)')
    .argument('<command...>', 'the model server, after --')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExample:\n  gleaner run -f deployment.yml -- azmlinfsrv --entry_script score.py --port 5001',
    );
  addSettingFlags(command);
  command.action(async (words: string[], options: RunOptions & Record<string, unknown>) => {
    const { runBeside } = await import('./run-beside.ts');
    process.exitCode = await runBeside(words, {
      deploymentFile: options.file,
      flags: { 'log-level': 'warn', ...settingFlags(options) },
      environment: process.env,
      ...(options.data !== undefined && { dataFolder: options.data }),
    });
  });
}
