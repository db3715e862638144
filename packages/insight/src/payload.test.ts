import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'node:test';
import { openFolderDatastore } from '@gleaner/datastore';
import { readRecordLine } from '@gleaner/protocol';
import type { StoredRecord } from '@gleaner/protocol';
import { locatePayload, payloadUrl } from './payload.ts';
import { sampleLine } from './sample-data.ts';

const root = await mkdtemp(join(tmpdir(), 'gleaner-payload-'));
after(() => rm(root, { recursive: true }));
const file = 'c/2026/11/23/18/i.jsonl';
const beside = 'c/2026/11/23/18/e1.json';

const record = recordOf(sampleLine({ id: 'e1' }));

function recordOf(line: string): StoredRecord {
  const record = readRecordLine(Buffer.from(line));
  assert.ok(record !== undefined);
  return record;
}

async function locate(folder: string, url: string): Promise<string> {
  await using datastore = await openFolderDatastore(folder);
  const place = await locatePayload(datastore, url, { record, file });
  return place.kind === 'found' ? `${place.path} ${place.byteLength}` : place.kind;
}

describe('locatePayload', async () => {
  const data = join(root, 'a b%');
  const copy = join(root, 'copy');
  const datastore = await openFolderDatastore(data);
  await datastore.put(beside, Buffer.from('[{}]'));
  await datastore.put(file, Buffer.from('\n'));
  await datastore.put('d/100% é.json', Buffer.from('[]'));
  await cp(data, copy, { recursive: true });

  it('finds the body by its path, or as a file URL', async () => {
    const url = datastore.url('d/100% é.json');
    assert.equal(await locate(data, url), 'd/100% é.json 2');
    assert.equal(await locate(data, pathToFileURL(url).href), 'd/100% é.json 2');
  });

  it('finds the body of copied data beside the line', async () => {
    assert.equal(await locate(copy, datastore.url(beside)), `${beside} 4`);
    assert.equal(await locate(copy, 'https://account.example/container/c/e1.json'), `${beside} 4`);
  });

  it('finds the body by the URL that a store in a cloud gives it', async () => {
    const cloud = {
      url: (path: string) => `https://account.example/c/${path.split('/').map(encodeURIComponent).join('/')}`,
      length: async (path: string) => (path === 'd/100% é.json' ? 2 : undefined),
    };
    const url = 'https://account.example/c/d/100%25%20%C3%A9.json';
    assert.equal((await locatePayload(cloud, url, { record, file })).kind, 'found');
  });

  it('looks for nothing else beside the line, and never above the root', async () => {
    assert.equal(await locate(copy, 'https://account.example/i.jsonl'), 'elsewhere');
    assert.equal(await locate(copy, `${copy}/../a b%/${beside.replace('e1', 'e2')}`), 'elsewhere');
    assert.equal(await locate(data, datastore.url('d/gone.json')), 'missing');
  });
});

describe('payloadUrl', () => {
  const cases: [what: string, line: string, url: string | undefined][] = [
    ['dataref', '{"dataref":"/x"}', '/x'],
    ['dataref beside a null', '{"data":null,"dataref":"/x"}', '/x'],
    ['data before dataref', '{"data":[],"dataref":"/x"}', undefined],
    ['data that is in a file', '{"data":"/x","datainblob":"true"}', '/x'],
    ['data that is text', '{"data":"/x"}', undefined],
  ];
  for (const [what, line, url] of cases) {
    it(`reads ${what}`, () => {
      assert.equal(payloadUrl(recordOf(line)), url);
    });
  }
});
