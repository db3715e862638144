import type { Command } from 'commander';

import { environmentName, settings } from '@gleaner/collector/settings';
import type { Setting, SettingName } from '@gleaner/collector/settings';

/** Adds the flags that the collector's settings have; their help comes from the one table of settings. */
export function addSettingFlags(command: Command): void {
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting<unknown>][]) {
    if (setting.flag === undefined) continue;
    const standard = setting.default === undefined ? '' : ` (default: ${setting.default})`;
    command.option(
      `--${setting.flag} <value>`,
      `${setting.description}${standard} [${environmentName(name)}]`,
    );
  }
}

/** What was given, by flag. Unlike commander's camel case, the names are those of the table. */
export function settingFlags(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const setting of Object.values(settings) as Setting<unknown>[]) {
    const { flag } = setting;
    const value = flag === undefined ? undefined : options[camelCase(flag)];
    if (flag !== undefined && typeof value === 'string') given[flag] = value;
  }
  return given;
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
