import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { repository } from '../repository.ts';

const pages = await Array.fromAsync(
  glob(['*.md', '{decisions,docs,examples,packages,spec}/**/*.md'], {
    cwd: repository,
    exclude: ['**/node_modules/**'],
  }),
);

describe('links between pages', () => {
  for (const page of pages.sort()) {
    it(`of ${page} lead somewhere`, async () => {
      for (const target of linksOf(await textOf(page))) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        assert.ok(existsSync(join(repository, file)), target);
        if (anchor !== undefined) assert.ok(anchorsOf(await textOf(file)).includes(anchor), target);
      }
    });
  }
});

function textOf(page: string): Promise<string> {
  return readFile(join(repository, page), 'utf8');
}

function linksOf(page: string): string[] {
  return Array.from(withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return Array.from(withoutCode(page, { inline: true }).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is fenced, and unless `inline` keeps it, what stands in backquotes, is no link. */
function withoutCode(page: string, { inline = false } = {}): string {
  const text = page.replaceAll(/^```[^]*?^```/gm, '');
  return inline ? text : text.replaceAll(/`[^`\n]*`/g, '');
}
