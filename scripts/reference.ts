// Keeps the tables of spec/collector-configuration.md and spec/workspace.md equal to the code's: node scripts/reference.ts [--write]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentName, settings } from '@gleaner/collector/settings';
import type { Setting, SettingName } from '@gleaner/collector/settings';
import { storeKinds } from '@gleaner/datastore';
import { markdownTable } from './markdown-table.ts';
import { repository } from './repository.ts';
import { bodyTables, readOpenApi, routesTable } from './rest-reference.ts';

/** By their names on the page. */
export type Tables = Readonly<Record<string, string>>;

export interface Page {
  path: string;
  tables: () => Tables | Promise<Tables>;
}

export const pages: readonly Page[] = [
  {
    path: 'spec/collector-configuration.md',
    tables: () => ({ settings: settingsTable(), datastores: datastoreTables() }),
  },
  {
    path: 'spec/workspace.md',
    tables: async () => {
      const api = await readOpenApi();
      return { routes: routesTable(api), bodies: bodyTables(api) };
    },
  },
];

/** The page with the tables as they have to be. Throws when the page has no place for one. */
export function withTables(page: string, tables: Tables): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const begin = `<!-- ${name}: written by \`node scripts/reference.ts --write\` -->`;
    const end = `<!-- end of ${name} -->`;
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`The page lacks "${begin}" or, behind it, "${end}".`);
    return `${text.slice(0, start + begin.length)}\n\n${table}\n${text.slice(stop)}`;
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

/** What stands in angle brackets would be taken for a tag. */
function inMarkdown(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  for (const { path, tables } of pages) {
    const file = join(repository, path);
    const page = await readFile(file, 'utf8');
    const current = withTables(page, await tables());
    if (page === current) continue;
    if (process.argv.includes('--write')) await writeFile(file, current);
    else {
      console.error(`${path} is not current: node scripts/reference.ts --write`);
      process.exitCode = 1;
    }
  }
}
