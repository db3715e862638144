import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { settingsPage, withTables } from './reference.ts';

describe('spec/collector-configuration.md', () => {
  it('has the settings of the collector and the keys of datastores; if not: node scripts/reference.ts --write', async () => {
    const page = await readFile(settingsPage, 'utf8');
    assert.equal(page, withTables(page));
  });

  it('must have a place for them', () => {
    assert.throws(() => withTables('# Another page\n'), /lacks/);
  });
});
