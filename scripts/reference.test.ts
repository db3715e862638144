import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pages, withTables } from './reference.ts';
import { repository } from './repository.ts';
import { routesTable } from './rest-reference.ts';

describe('the reference pages', () => {
  for (const { path, tables } of pages) {
    it(`${path} has the tables of the code; if not: node scripts/reference.ts --write`, async () => {
      const page = await readFile(join(repository, path), 'utf8');
      assert.equal(page, withTables(page, await tables()));
    });
  }

  it('have words for every route of a workspace, and for no other', () => {
    const paths = { '/new': { get: {} } };
    assert.throws(() => routesTable({ paths }), /no words for GET \/new/);
    assert.throws(() => routesTable({ paths: {} }), /There is no route GET/);
  });

  it('must have a place for them', () => {
    assert.throws(() => withTables('# Another page\n', { settings: '' }), /lacks/);
  });
});
