/** A command with a collector beside it: start, pass signals on, drain when it has ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { join, relative } from 'node:path';

import { createLogger, defaultDatastore, loadConfig, openCollector } from '@gleaner/collector';
import type { Collector, ConfigSource } from '@gleaner/collector';

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** What is left of the command's process group after it ended gets this long before it is killed. */
const groupGraceMs = 2000;

/** Returns the exit code of the command: its own, 128 + n after signal n, 127 when it cannot be started. */
export async function runBeside(words: readonly string[], source: ConfigSource): Promise<number> {
  const config = await loadConfig(source);
  const sdkConfig = config.settings.write_mdc_config ?? join(config.spoolFolder, 'mdc-config.json');
  config.settings.write_mdc_config = sdkConfig;
  await using collector = await openCollector(config, { logger: createLogger(config) });
  const exitCode = await runCommand(words, {
    ...process.env,
    ...proxyExceptions(process.env),
    AZUREML_MDC_CONFIG_PATH: sdkConfig,
    AZUREML_MDC_HOST: isEverywhere(config.settings['intake.host'])
      ? '127.0.0.1'
      : config.settings['intake.host'],
    AZUREML_MDC_PORT: String(collector.intakePort),
  });
  const folder = config.datastores.get(defaultDatastore)?.path ?? '.';
  await drain(collector, { timeoutMs: config.settings.drain_timeout, folder });
  return exitCode;
}

/**
 * The command leads a process group of its own: signals go to all of it once, a terminal's Ctrl-C included, and nothing of it
 * stays behind.
 */
async function runCommand(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [file = '', ...args] = words;
  const child = spawn(file, args, { stdio: 'inherit', detached: true, env: environment });
  const forward = (signal: NodeJS.Signals): void => void signalGroup(child, signal);
  for (const signal of forwardedSignals) process.on(signal, forward);
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`gleaner: ${file} cannot be started: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  await endGroup(child);
  for (const signal of forwardedSignals) process.off(signal, forward);
  return exitCode;
}

async function endGroup(child: ChildProcess): Promise<void> {
  const deadline = Date.now() + groupGraceMs;
  while (signalGroup(child, 'SIGTERM') && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  signalGroup(child, 'SIGKILL');
}

/** False when there is no such group any more. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

async function drain(collector: Collector, options: { timeoutMs: number; folder: string }): Promise<void> {
  const impatient = new AbortController();
  const onSignal = (): void => impatient.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  const { complete, left } = await collector.drain(
    AbortSignal.any([AbortSignal.timeout(options.timeoutMs), impatient.signal]),
  );
  const { collections } = collector.status();
  const accepted = Object.values(collections).reduce((sum, one) => sum + one.accepted, 0);
  const where = relative('', options.folder) || options.folder;
  const rest = complete ? `all in ${where}` : `${left} wait in the spool: the next start stores them`;
  process.stderr.write(`gleaner: ${accepted} records accepted, ${rest}\n`);
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The SDKs obey http_proxy, so the collector must be named as an exception (compat 15). */
function proxyExceptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  const hosts = given.split(',').map((host) => host.trim());
  const all = [...new Set([...hosts, '127.0.0.1', 'localhost'])].filter((host) => host !== '').join(',');
  return { NO_PROXY: all, no_proxy: all };
}
