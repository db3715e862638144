/** Bodies beside lines that the spool has lost before they were stored. */
import assert from 'node:assert/strict';
import { readFile, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { createMemoryDatastore, openFolderDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, startSystem } from '@gleaner/testkit';
import type { FaultPlan, FaultyDatastore } from '@gleaner/testkit';

/** Bodies are put, and lines find nobody. */
const noLines: FaultPlan = ({ method, path }) =>
  (method === 'append' || method === 'put') && path.endsWith('.jsonl') ? { kind: 'refuse' } : undefined;

const lengths = [1000, 2000, 3000];

describe('a body that the spool has lost', () => {
  it('is told of, and stops neither its line nor what comes behind it', async () => {
    const stores: FaultyDatastore[] = [];
    await using system = await startSystem({
      async openDatastore(config) {
        const store = createFaultyDatastore(await openFolderDatastore(String(config.settings['path'])));
        store.down();
        stores.push(store);
        return store;
      },
    });
    for (const length of lengths) await log(system.intakeUrl, length);
    const folder = join(system.spoolFolder, 'payloads');
    const files = await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const path = join(folder, name);
        return { path, bytes: (await readFile(path)).length };
      }),
    );
    const [gone = assert.fail(), cut = assert.fail()] = files.sort((a, b) => a.bytes - b.bytes);
    await rm(gone.path);
    await truncate(cut.path, 500);
    for (const store of stores) store.up();
    await system.finish();
    const records = (await system.lines('model_inputs')).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    const stored = records.map(({ data }) =>
      readFile(String(data)).then(
        (bytes) => bytes.length,
        () => 'missing',
      ),
    );
    assert.deepEqual(await Promise.all(stored), ['missing', 500, 3000]);
    const {
      accepted,
      stored: lines,
      damagedBodies,
    } = system.collector.status().collections['model_inputs'] ?? assert.fail();
    assert.deepEqual({ accepted, lines, damagedBodies }, { accepted: 3, lines: 3, damagedBodies: 2 });
  });

  for (const writes of ['append', 'object'] as const)
    it(`is counted once, with its line, also when the end is broken off between the two: ${writes}`, async () => {
      const store = createMemoryDatastore({ writes });
      await using first = await startSystem({
        openDatastore: () => createFaultyDatastore(store, { plan: noLines }),
      });
      await log(first.intakeUrl, 1000);
      const folder = join(first.spoolFolder, 'payloads');
      for (const name of await readdir(folder)) await rm(join(folder, name));
      await first.collector.drain(AbortSignal.timeout(500));
      const before = first.collector.status().collections['model_inputs']?.damagedBodies;
      await first.collector[Symbol.asyncDispose]();
      await using second = await startSystem({ folder: first.folder, openDatastore: () => store });
      await second.finish();
      const { stored, damagedBodies } =
        second.collector.status().collections['model_inputs'] ?? assert.fail();
      assert.deepEqual({ before, stored, damagedBodies }, { before: 0, stored: 1, damagedBodies: 1 });
    });
});

async function log(url: string, length: number): Promise<void> {
  const answer = await fetch(`${url}/modeldata/log`, {
    method: 'POST',
    headers: {
      'content-type': 'text/plain',
      'ce-type': 'azureml.inference.model_inputs',
    },
    body: 'x'.repeat(length),
  });
  assert.equal(answer.status, 200, await answer.text());
}
