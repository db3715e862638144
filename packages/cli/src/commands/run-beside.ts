/** A command with a collector beside it: start, pass signals on, drain when it has ended. */
import { join, relative } from 'node:path';

import { createLogger, loadConfig, openCollector } from '@gleaner/collector';
import type { Collector, CollectorConfig, ConfigSource } from '@gleaner/collector';

import { runCommand } from './run-command.ts';
import { catchSignals } from './run-signals.ts';
import type { Signals } from './run-signals.ts';

/** Returns the exit code of the command (see {@link runCommand}), but 1 for 0 when records had to stay in the spool. */
export async function runBeside(words: readonly string[], source: ConfigSource): Promise<number> {
  const config = await loadConfig(source);
  const sdkConfig = config.settings.write_mdc_config ?? join(config.spoolFolder, 'mdc-config.json');
  config.settings.write_mdc_config = sdkConfig;
  if (!config.collections.some(({ enabled }) => enabled)) {
    say(`${source.deploymentFile ?? source.collectorFile} enables no collection: nothing will be collected`);
  }
  await using collector = await openCollector(config, { logger: createLogger(config) });
  using signals = catchSignals();
  const environment = {
    ...process.env,
    ...proxyExceptions(process.env),
    AZUREML_MDC_CONFIG_PATH: sdkConfig,
    AZUREML_MDC_HOST: isEverywhere(config.settings['intake.host'])
      ? '127.0.0.1'
      : config.settings['intake.host'],
    AZUREML_MDC_PORT: String(collector.intakePort),
  };
  const exitCode = await runCommand(words, { environment, signals });
  if (exitCode !== 0 && !signals.isEndWanted)
    collector.keepRecorded(`the command ended with code ${exitCode}`);
  const isComplete = await drain(collector, { config, signals });
  return exitCode === 0 && !isComplete ? 1 : exitCode;
}

/** Ends early at Ctrl-C and SIGTERM. A hang-up does not hurry it: that is what ended the command. */
async function drain(
  collector: Collector,
  { config, signals }: { config: CollectorConfig; signals: Signals },
): Promise<boolean> {
  const impatient = new AbortController();
  signals.deliverTo((signal) => {
    if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGQUIT') impatient.abort();
  });
  const deadline = AbortSignal.timeout(config.settings.drain_timeout);
  const { complete, left } = await collector.drain(AbortSignal.any([deadline, impatient.signal]));
  const { collections } = collector.status();
  const accepted = Object.values(collections).reduce((sum, one) => sum + one.accepted, 0);
  const rest = complete
    ? `all in ${config.dataFolder === undefined ? 'their datastores' : shownPath(config.dataFolder)}`
    : `${left} wait in the spool ${shownPath(config.spoolFolder)}: the next start stores them`;
  say(`${accepted} records accepted, ${rest}`);
  return complete;
}

function say(text: string): void {
  process.stderr.write(`gleaner: ${text}\n`);
}

function shownPath(path: string): string {
  return relative('', path) || path;
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The SDKs obey http_proxy, so the collector must be named as an exception (compat 15). */
function proxyExceptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const upper = environment['NO_PROXY'] ?? environment['no_proxy'];
  const lower = environment['no_proxy'] ?? environment['NO_PROXY'];
  return { NO_PROXY: withLoopback(upper), no_proxy: withLoopback(lower) };
}

/** `*` means everything, but only if it stands alone. */
function withLoopback(given = ''): string {
  const hosts = given.split(',').map((host) => host.trim());
  if (hosts.length === 1 && hosts[0] === '*') return '*';
  return [...new Set([...hosts, '127.0.0.1', 'localhost'])].filter((host) => host !== '').join(',');
}
