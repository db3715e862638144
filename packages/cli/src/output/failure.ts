import { GleanerError } from '@gleaner/protocol';
import { CommanderError } from 'commander';
import { styleFor } from './style.ts';

/** Codes of errors that whoever typed the command can put right in what was typed, or in the file it named. */
const usageCodes: ReadonlySet<string> = new Set([
  'configuration_invalid',
  'deployment_invalid',
  'store_settings_invalid',
  'datastore_uri_invalid',
  'resource_file_invalid',
  'token_required',
  'usage_invalid',
  'window_invalid',
]);

/** What was typed cannot be done: exit code 2. */
export function usageError(message: string, fix?: string): GleanerError {
  return new GleanerError('usage_invalid', message, fix === undefined ? {} : { fix });
}

/**
 * Says on standard error what happened, why, and what to do; gives the exit code: 1 failed, 2 usage. Where it
 * happened is told with GLEANER_DEBUG alone.
 */
export function reportFailure(error: unknown): number {
  // commander has said it already, or shown the help it was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const style = styleFor(process.stderr);
  if (process.env['GLEANER_DEBUG'] && error instanceof Error) say(error.stack ?? error.message);
  if (error instanceof GleanerError) {
    say(`${style.red('gleaner:')} ${error.message}`);
    if (error.cause instanceof Error) say(`  why: ${error.cause.message}`);
    if (error.fix !== undefined) say(`  fix: ${error.fix}`);
    return usageCodes.has(error.code) ? 2 : 1;
  }
  say(`${style.red('gleaner:')} this is a bug: ${error instanceof Error ? error.message : String(error)}`);
  say('  fix: Run it again with GLEANER_DEBUG=1, and report what it prints.');
  return 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
