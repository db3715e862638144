import type { Command } from 'commander';

import { environmentName, settings } from '@gleaner/collector/settings';
import type { Setting, SettingName } from '@gleaner/collector/settings';

const table = Object.entries(settings) as [SettingName, Setting<unknown>][];

/**
 * Adds the flags that the collector's settings have; their help comes from the one table of settings. `defaults`: those of
 * this command, where they are others.
 */
export function addSettingFlags(command: Command, defaults: Partial<Record<SettingName, string>> = {}): void {
  for (const [name, setting] of table) {
    if (setting.flag === undefined) continue;
    command.option(
      `--${setting.flag} <value>`,
      describe(name, { ...setting, default: defaults[name] ?? setting.default }),
    );
  }
}

/** What was given, by flag. Unlike commander's camel case, the names are those of the table. */
export function settingFlags(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [, { flag }] of table) {
    const value = flag === undefined ? undefined : options[camelCase(flag)];
    if (flag !== undefined && typeof value === 'string') given[flag] = value;
  }
  return given;
}

/** The environment of the process, with a command's own defaults below it. */
export function settingEnvironment(defaults: Partial<Record<SettingName, string>>): NodeJS.ProcessEnv {
  const entries = Object.entries(defaults) as [SettingName, string][];
  return {
    ...Object.fromEntries(entries.map(([name, value]) => [environmentName(name), value])),
    ...process.env,
  };
}

/** For the end of `--help`: the settings that a collector file and the environment can give, but no flag. */
export function flaglessSettings(command: Command): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: process.stdout.columns ?? 80 });
  const rows = table.filter(([, { flag }]) => flag === undefined);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, setting]) => help.formatItem(name, width, describe(name, setting), help))
    .join('\n');
}

function describe(name: SettingName, setting: Setting<unknown>): string {
  const standard = setting.default === undefined ? '' : ` (default: ${setting.default})`;
  return `${setting.description}${standard} [${environmentName(name)}]`;
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
