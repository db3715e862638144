// Keeps the tables of spec/collector-configuration.md equal to the code's: node scripts/reference.ts [--write]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentName, settings } from '@gleaner/collector/settings';
import type { Setting, SettingName } from '@gleaner/collector/settings';
import { storeKinds } from '@gleaner/datastore';
import { repository } from './repository.ts';

export const settingsPage = join(repository, 'spec/collector-configuration.md');

const tables: Record<string, () => string> = { settings: settingsTable, datastores: datastoreTables };

/** The page with the tables as they have to be. Throws when the page has no place for one. */
export function withTables(page: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const begin = `<!-- ${name}: written by \`node scripts/reference.ts --write\` -->`;
    const end = `<!-- end of ${name} -->`;
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`The page lacks "${begin}" or, behind it, "${end}".`);
    return `${text.slice(0, start + begin.length)}\n\n${table()}\n${text.slice(stop)}`;
  }, page);
}

function datastoreTables(): string {
  const heads = ['key', 'default', 'what it is'];
  return storeKinds
    .map(({ type, description, keys }) => {
      const rows = Object.entries(keys).map(([name, key]) => [
        code(name),
        key.default === undefined ? (key.required ? 'required' : '–') : code(key.default),
        inMarkdown(key.description) + (key.secret ? ' **Secret.**' : ''),
      ]);
      return `### ${code(type)}\n\n${inMarkdown(description)}\n\n${markdownTable(heads, rows)}`;
    })
    .join('\n');
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
  return markdownTable(heads, rows);
}

function markdownTable(heads: string[], rows: string[][]): string {
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
  const current = withTables(page);
  if (process.argv.includes('--write')) await writeFile(settingsPage, current);
  else if (page !== current) {
    console.error('The settings page is not current: node scripts/reference.ts --write');
    process.exitCode = 1;
  }
}
