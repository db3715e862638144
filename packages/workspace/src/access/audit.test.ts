import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { openAudit } from './audit.ts';
import type { AuditEntry } from './audit.ts';

const entry: AuditEntry = {
  principal: { id: '1', name: 'owner' },
  from: '127.0.0.1',
  method: 'PUT',
  action: 'a/write',
  scope: '/a',
  outcome: 'done',
  status: 200,
};

describe('openAudit', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-audit-'));
    path = join(folder, 'audit.jsonl');
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it('writes a line with the time for each entry, in a file for this user alone, and goes on with it', async () => {
    for (const status of [200, 201]) {
      await using audit = await openAudit({ path, now: () => 0 });
      await audit.write({ ...entry, status });
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [200, 201].map((status) => ({ time: '1970-01-01T00:00:00.000Z', ...entry, status })),
    );
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('begins another file when one is full, loses no line, and keeps as many as it is told', async () => {
    const maxBytes = 1000;
    await using audit = await openAudit({ path, now: () => 0, maxBytes, keepFiles: 2 });
    const count = 12;
    await Promise.all(Array.from({ length: count }, async (_, status) => audit.write({ ...entry, status })));
    const names = (await readdir(folder)).toSorted();
    assert.deepEqual(names, ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2']);
    const texts = await Promise.all(
      names.toReversed().map(async (name) => readFile(join(folder, name), 'utf8')),
    );
    for (const text of texts) assert.ok(text.length <= maxBytes);
    const kept = texts
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).status);
    assert.deepEqual(
      kept,
      Array.from({ length: kept.length }, (_, at) => count - kept.length + at),
    );
    assert.ok(kept.length > 8);
  });
});
