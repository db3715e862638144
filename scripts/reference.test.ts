import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { settingsPage, withSettings } from './reference.ts';

describe('spec/collector-configuration.md', () => {
  it('has the settings of the collector; if not: node scripts/reference.ts --write', async () => {
    const page = await readFile(settingsPage, 'utf8');
    assert.equal(page, withSettings(page));
  });

  it('must have a place for them', () => {
    assert.throws(() => withSettings('# Another page\n'), /lacks/);
  });
});
