/** spec/errors.md has the codes that the code has: every one of them, and no other. */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { collectorErrorCodes } from '@gleaner/collector';
import { DatastoreError, datastoreErrorCodes } from '@gleaner/datastore';
import { findingSeverities, insightErrorCodes, queryErrorCodes } from '@gleaner/insight';
import { dropReasons } from '@gleaner/protocol';
import { collectorErrorCodes as sdkErrorCodes } from '@gleaner/sdk';
import { workspaceErrorCodes } from '@gleaner/workspace';

import { problemCodes } from '../packages/collector/src/http1/halt.ts';
import { codesIn, tableBelow } from './tables.ts';

const page = await readFile(join(import.meta.dirname, 'errors.md'), 'utf8');

describe('spec/errors.md', () => {
  it('has what the intake answers', async () => {
    const answered = new Set(await codesBelow('collector/src/intake', /\bcode: '([a-z_]+)'/g));
    assertListed('Answers of the intake', answered.difference(new Set(dropReasons)));
  });

  it('has what the admin port answers', async () => {
    assertListed(
      'Answers of the admin port',
      await codesBelow('collector/src/admin', /\bproblem\(\d+, '([a-z_]+)'/g),
    );
  });

  it('has the lists of the packages', () => {
    assertListed('Why a record is dropped', dropReasons);
    assertListed('Requests that cannot be read', problemCodes);
    assertListed('Why a collector does not start, or stops', collectorErrorCodes);
    assertListed('Datastores', datastoreErrorCodes);
    assertListed('The SDK for TypeScript', sdkErrorCodes);
    assertListed('Findings', Object.keys(findingSeverities));
  });

  it('has the codes that stand in no list', async () => {
    const thrown = /new GleanerError\(\s*'([a-z_]+)'/g;
    assertListed('Files and names', await codesBelow('protocol/src', thrown));
    const ofReading = await codesBelow('cli/src/{output,commands/data}', thrown);
    assertListed('Reading', [...insightErrorCodes, ...queryErrorCodes, ...ofReading]);
    const known = new Set(Array.from(page.matchAll(/^\| `([a-z_]+)`/gm), ([, code]) => code));
    const elsewhere = (await codesBelow('*/src', thrown)).difference(known);
    assert.deepEqual([...elsewhere], []);
  });

  it('has what the gateway answers', async () => {
    assertListed(
      'Answers of an endpoint',
      await codesBelow('serving/src/gateway', /(?:code: |'missing' \? | : )'([a-z]+_[a-z_]+)'/g),
    );
  });

  it('has the codes of workspaces, and of what runs deployments', async () => {
    assertListed('Workspaces', workspaceErrorCodes);
    const thrown = /(?:\bcode: |\b(?:Gleaner|Program)Error\(\s*|#fail\(\s*)'([a-z]+_[a-z_]+)'/g;
    const ofRunning = await codesBelow('serving/src/{processes,programs}', thrown);
    assertListed('Running deployments', ofRunning.union(await codesBelow('cli/src/commands/up', thrown)));
  });

  it('has the codes of gleaner ml', async () => {
    const thrown = /(?:(?:Gleaner|rest)Error\(\s*| [?:] )'([a-z]+_[a-z_]+)'/g;
    const shared = new Set(['usage_invalid']);
    assertListed('gleaner ml', (await codesBelow('cli/src/commands/ml', thrown)).difference(shared));
  });

  it('says what passes by itself, and how severe a finding is', () => {
    for (const [cell, passes] of tableBelow(page, 'Datastores')) {
      const code = datastoreErrorCodes.find((one) => codesIn(cell).includes(one));
      assert.ok(code !== undefined);
      assert.equal(passes, new DatastoreError(code, '').retryable ? 'yes' : 'no', code);
    }
    const severities = tableBelow(page, 'Findings').map(([code, severity]) => [
      codesIn(code).join(''),
      severity,
    ]);
    assert.deepEqual(Object.fromEntries(severities), findingSeverities);
  });

  it('says which errors are usage', async () => {
    const source = await readFile(join(packages, 'cli/src/output/failure.ts'), 'utf8');
    const [, usage = ''] = /usageCodes[^[]*\[([^\]]*)\]/.exec(source) ?? [];
    const inCode = Array.from(usage.matchAll(/'([a-z_]+)'/g), ([, code]) => code);
    const row = tableBelow(page, 'Exit codes').find(([code]) => code === '2');
    assert.deepEqual(codesIn(row?.[2]), inCode);
    assert.ok(inCode.length > 0);
  });
});

const packages = join(import.meta.dirname, '../packages');

function assertListed(heading: string, codes: Iterable<string>): void {
  const listed = tableBelow(page, heading).flatMap(([code]) => codesIn(code));
  assert.deepEqual(listed.toSorted(), [...new Set(codes)].sort(), heading);
}

/** What the first group of `pattern` finds in the sources below a folder of the packages, tests left out. */
async function codesBelow(folder: string, pattern: RegExp): Promise<Set<string>> {
  const codes = new Set<string>();
  for await (const file of glob(`${folder}/**/*.ts`, { cwd: packages })) {
    if (file.endsWith('.test.ts')) continue;
    const source = await readFile(join(packages, file), 'utf8');
    for (const [, code] of source.matchAll(pattern)) if (code !== undefined) codes.add(code);
  }
  assert.ok(codes.size > 0, folder);
  return codes;
}
