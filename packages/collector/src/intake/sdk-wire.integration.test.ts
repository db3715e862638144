/** Every recorded exchange of the real SDK gives its expected record. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { fixtureBody, postRaw, readSdkFixtures, startSystem } from '@gleaner/testkit';
import type { SdkFixture } from '@gleaner/testkit';

import { readRecordLine } from '@gleaner/protocol';

const leadingKeys = ['specversion', 'id', 'source', 'type', 'datacontenttype', 'time'];
const plainKeys = [
  'specversion',
  'id',
  'type',
  'datacontenttype',
  'contentrange',
  'correlationid',
  'xrequestid',
];
const sdkKeys = ['modelversion', 'collectdatatype', 'agent'];

describe('POST /modeldata/log', async () => {
  const folder = process.env['GLEANER_SDK_FIXTURES'];
  for (const fixture of await readSdkFixtures(folder)) {
    it(`${fixture.name}: ${fixture.what}`, () => check(fixture));
  }
});

async function check(fixture: SdkFixture): Promise<void> {
  const { expected, request } = fixture;
  const type = request.headers.find(([name]) => name.toLowerCase() === 'ce-type')?.[1] ?? '';
  const collection = type.replace('azureml.inference.', '').toLowerCase();
  const isSafe = expected.outcome !== 'unsafe-collection-name';
  await using system = await startSystem({
    collections: { [isSafe ? collection : 'other']: { enabled: 'true' } },
  });
  const answer = await postRaw(system.collector.intakePort, { ...request, body: fixtureBody(fixture) });
  const before = Math.floor(Date.now() / 1000);
  await system.finish();
  const stored = (await readdir(system.dataFolder, { recursive: true })).filter(
    (name) => !name.startsWith('.spool'),
  );
  if (!isSafe) {
    assert.ok(answer.status >= 400 && answer.status < 500);
    assert.deepEqual(stored, []);
    return;
  }
  assert.equal(answer.status, 200);
  const [line = '', ...others] = await system.lines(collection);
  assert.equal(others.length, 0);
  const file = stored.find((name) => name.endsWith('.jsonl')) ?? '';
  const record = JSON.parse(line) as Record<string, string>;
  assert.deepEqual(Object.keys(record).slice(0, leadingKeys.length), leadingKeys);
  for (const key of [...plainKeys, ...sdkKeys]) assert.equal(record[key], expected[key], key);
  if (expected['time'] === null) assert.ok(Math.abs(Date.parse(record['time'] ?? '') / 1000 - before) < 60);
  else {
    assert.equal(record['time'], expected['time']);
    assert.ok(file.includes(`${collection}/${String(expected['folder'])}/`), file);
  }
  checkExtras(record, expected);
  const data = readRecordLine(Buffer.from(line))?.data;
  const beside = join(system.dataFolder, dirname(file));
  if (expected.outcome === 'inline') {
    if (expected['dataText'] !== undefined && expected['dataText'] !== null) {
      assert.equal(Buffer.from(data ?? []).toString(), expected['dataText']);
    } else assert.equal(sha256(data ?? Buffer.alloc(0)), expected['dataTextSha256']);
  } else if (expected.outcome === 'side-file') {
    assert.equal(data, undefined);
    assert.equal(record['dataref'], join(beside, `${record['id'] ?? ''}.json`));
    assert.equal(record['datainblob'], 'true');
    assert.equal(sha256(await readFile(record['dataref'] ?? '')), request.bodySha256);
  } else {
    assert.equal(record['data'], join(beside, record['id'] ?? ''));
    assert.equal(record['datainblob'], 'true');
    assert.equal(sha256(await readFile(record['data'] ?? '')), expected['rawSha256']);
  }
}

/** Attributes made of context headers: all expected ones, and no others. */
function checkExtras(record: Record<string, string>, expected: SdkFixture['expected']): void {
  const own = new Set([...leadingKeys, ...plainKeys, ...sdkKeys, 'data', 'dataref', 'datainblob']);
  const extras = Object.entries(record).filter(([key]) => !own.has(key));
  const optional = expected.optionalExtra ?? {};
  for (const [key, value] of extras) assert.equal(value, expected.extra?.[key] ?? optional[key], key);
  for (const key of Object.keys(expected.extra ?? {})) assert.ok(key in record, key);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
