// Keeps the table of settings on spec/collector-configuration.md equal to the collector's: node scripts/reference.ts [--write]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentName, settings } from '@gleaner/collector/settings';
import type { Setting, SettingName } from '@gleaner/collector/settings';
import { repository } from './repository.ts';

export const settingsPage = join(repository, 'spec/collector-configuration.md');

const begin = '<!-- settings: written by `node scripts/reference.ts --write` -->';
const end = '<!-- end of settings -->';

/** The page with the table as it has to be. Throws when the page has no place for it. */
export function withSettings(page: string): string {
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`The page lacks "${begin}" or, behind it, "${end}".`);
  return `${page.slice(0, start + begin.length)}\n\n${settingsTable()}\n${page.slice(stop)}`;
}

function settingsTable(): string {
  const heads = ['setting', 'flag', 'environment', 'default', 'takes', 'what it does'];
  const rows = (Object.entries(settings) as [SettingName, Setting<unknown>][]).map(([name, setting]) => [
    code(name),
    setting.flag === undefined ? '–' : code(`--${setting.flag}`),
    code(environmentName(name)),
    setting.default === undefined ? '–' : code(setting.default),
    setting.type.expected,
    inMarkdown(setting.description) + (setting.secret ? ' **Secret.**' : ''),
  ]);
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** What stands in angle brackets would be taken for a tag. */
function inMarkdown(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  const page = await readFile(settingsPage, 'utf8');
  const current = withSettings(page);
  if (process.argv.includes('--write')) await writeFile(settingsPage, current);
  else if (page !== current) {
    console.error('The settings page is not current: node scripts/reference.ts --write');
    process.exitCode = 1;
  }
}
